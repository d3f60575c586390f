"""The admin site: looked at by its staff, changed only through verbs. `apps.DeskConfig` registers its parts."""
