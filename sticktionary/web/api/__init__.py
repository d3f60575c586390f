"""The lab for programs: the verbs of its pages, as a REST API with tokens and an OpenAPI document."""
