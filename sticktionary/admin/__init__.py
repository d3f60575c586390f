"""The admin site: looked at by its staff, changed only through verbs. Importing the parts registers them."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

admin.site.site_header = _("Sticktionary: the editors' desk")
admin.site.site_title = _("Sticktionary")
admin.site.index_title = _("What is in the book")
admin.site.site_url = "/"
admin.site.empty_value_display = "–"

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # one way in, with its limits

for part in ("catalogue", "play", "players"):
    if find_spec(f"{__name__}.{part}"):
        import_module(f"{__name__}.{part}")
