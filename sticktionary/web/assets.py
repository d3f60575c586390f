from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedAssets(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Every asset under a name with its hash, so that it is cached for ever; scripts that scripts import included.

    Django finds an import only where a semicolon ends it.
    """

    support_js_module_import_aggregation = True
