"""The settings of the product, on a throw-away data folder and with a password hash that does not cost time."""

import atexit
import os
import shutil
import tempfile

_data = tempfile.mkdtemp(prefix="sticktionary-tests-")
atexit.register(shutil.rmtree, _data, ignore_errors=True)
os.environ["STICKTIONARY_DATA"] = _data
os.mkdir(os.path.join(_data, "static"))
if "PYTEST_XDIST_WORKER" in os.environ:  # a thread each for processes that test side by side
    os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["CHANNEL_PREFIX"] = f"test-{os.getpid()}"  # also of each of several processes that test side by side

from sticktionary.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {  # no manifest: tests run without collectstatic
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Not Redis, also where it is there: tests clear the cache, which on Redis would clear all the rest of its database.
CACHES = {
    name: {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": name}
    for name in ("default", "figures", "answers")
}
SEARCH_FOLLOWS = False  # tests have one connection
