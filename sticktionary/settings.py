"""One settings file; everything that differs between machines is read from the environment (README, "Settings")."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent


def flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name, "")
    if value.lower() not in {"", "0", "1", "true", "false", "yes", "no"}:
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")
    return value.lower() in {"1", "true", "yes"} if value else default


# --- where things lie ---------------------------------------------------------------------------------
DATA_DIR = Path(os.environ.get("STICKTIONARY_DATA") or BASE_DIR / "var").resolve()
MEDIA_ROOT = DATA_DIR / "media"  # stickers as they are served
MODELS_DIR = DATA_DIR / "models"  # installed model bundles
EXPORTS_DIR = DATA_DIR / "exports"  # finished dataset exports
RELEASES_DIR = DATA_DIR / "releases"  # frozen datasets, a folder each
RUNS_DIR = DATA_DIR / "runs"  # training runs, a folder each
UPLOADS_DIR = DATA_DIR / "uploads"  # archives waiting to be imported
SEARCH_DIR = DATA_DIR / "search"  # snapshots of what search holds
STARTER_PACK_DIR = BASE_DIR / "starter_pack" / "pack"
STARTER_MODEL_DIR = BASE_DIR / "starter_pack" / "clip"
for folder in (DATA_DIR, MEDIA_ROOT, MODELS_DIR, EXPORTS_DIR, RELEASES_DIR, RUNS_DIR, UPLOADS_DIR, SEARCH_DIR):
    folder.mkdir(parents=True, exist_ok=True)


def secret_key() -> str:
    """The key of the environment, or one made once and kept beside the database."""
    if key := os.environ.get("SECRET_KEY"):
        return key
    path = DATA_DIR / "secret_key"
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(get_random_secret_key())
    except FileExistsError:
        pass
    return path.read_text()


# --- the basics ---------------------------------------------------------------------------------------
SECRET_KEY = secret_key()
DEBUG = flag("DEBUG")
ALLOWED_HOSTS = [host for host in os.environ.get("ALLOWED_HOSTS", "*").split(",") if host]
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("CSRF_TRUSTED_ORIGINS", "").split(",") if origin]
HTTPS = flag("HTTPS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # templates and styles; its scripts are left out (docs/decisions.md, 18)
    "sticktionary.apps.SticktionaryConfig",
    "sticktionary.apps.DeskConfig",  # django.contrib.admin with our site
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "channels",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "sticktionary.web.edition.EditionMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "sticktionary.urls"
ASGI_APPLICATION = "sticktionary.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"lab": "sticktionary.web.lab_filters"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- database: SQLite unless DATABASE_URL says otherwise ------------------------------------------------
DATABASE_URL = os.environ.get("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'sticktionary.sqlite3'}"
DATABASES: dict[str, Any] = {"default": dict(dj_database_url.parse(DATABASE_URL))}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- sockets and work: in-process and on disk unless REDIS_URL says otherwise ---------------------------
REDIS_URL = os.environ.get("REDIS_URL", "")
CHANNEL_PREFIX = os.environ.get("CHANNEL_PREFIX", "sticktionary")
PATIENCE_S = 30  # with a Redis that is busy; moves of players do not wait for it
CHANNEL_LAYERS: dict[str, Any] = {
    "default": (
        {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",  # nothing is kept: an event is only a hint
            "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": PATIENCE_S}], "prefix": CHANNEL_PREFIX},
        }
        if REDIS_URL
        else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    )
}
CACHES: dict[str, Any]
if REDIS_URL:  # rate limits count in every web process together
    CACHES = {
        name: {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": prefix,
        }
        for name, prefix in {
            "default": CHANNEL_PREFIX,
            "figures": f"{CHANNEL_PREFIX}:figures",
            "answers": f"{CHANNEL_PREFIX}:answers",
        }.items()
    }
else:  # what the worker counts and answers, the web process shows
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}} | {
        name: {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": DATA_DIR / name}
        for name in ("figures", "answers")
    }
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ROUTES = {"sticktionary.run_training": {"queue": "gpu"}}  # a worker of its own, one run at a time
if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "visibility_timeout": 30 * 86_400,  # longer than any run; what a killed worker held, its row makes good
        "global_keyprefix": f"{CHANNEL_PREFIX}:celery:",
    }
else:
    CELERY_BROKER_URL = "filesystem://"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        name: str(DATA_DIR / "broker" / folder)
        for name, folder in {"data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control"}.items()
    }
    for name in ("queue", "control"):
        (DATA_DIR / "broker" / name).mkdir(parents=True, exist_ok=True)

# --- search -------------------------------------------------------------------------------------------
SEARCH_URL = os.environ.get("SEARCH_URL", "")  # a Qdrant cluster's address (retrieval_engine/qdrant/layout); "": memory
SEARCH_API_KEY = os.environ.get("SEARCH_API_KEY", "")
SEARCH_FOLLOWS = True  # a server process follows the log in a thread of its own; tests read on where they search

# --- people ---------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "sticktionary.Player"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "play"
LOGOUT_REDIRECT_URL = "landing"
ACCOUNT_ADAPTER = "sticktionary.web.account_adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SIGNUP_FORM_CLASS = "sticktionary.web.forms.SignUpForm"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_AUTHENTICATED_LOGIN_REDIRECTS = False  # guests may sign in and up; our views send everybody else on
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # no mail to strangers
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {"start": "200/h/ip"}  # besides allauth's own
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("EMAIL_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_PASSWORD", "")
EMAIL_USE_TLS = flag("EMAIL_TLS", default=True)
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM", "sticktionary@localhost")
TRUSTED_PROXIES = int(os.environ.get("TRUSTED_PROXIES", "0"))
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
CONSENT_VERSION = "2026-11-22"

# --- languages: an English and a Chinese edition ------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "borrowed"]
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = "sticktionary.formats"
TIME_ZONE = "UTC"

# --- files --------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "sticktionary.web.assets.HashedAssets"},
}
MEDIA_URL = "/stickers/"
MAX_UPLOAD_MB = int(os.environ.get("MAX_UPLOAD_MB", "512"))
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

# --- datasets out: how releases are called and cited, and where they may be sent -----------------------------
DATASET_NAME = os.environ.get("DATASET_NAME", "sticktionary")
DATASET_TITLE = os.environ.get("DATASET_TITLE", "Sticktionary")
DATASET_AUTHORS = os.environ.get("DATASET_AUTHORS", "The Sticktionary contributors")  # separated by semicolons
DATASET_LICENCE = os.environ.get("DATASET_LICENCE", "CC-BY-4.0")  # of what players write; they consented to it
DATASET_URL = os.environ.get("DATASET_URL", "")
HF_ENDPOINT = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
HF_TOKEN = os.environ.get("HF_TOKEN", "")
ZENODO_URL = os.environ.get("ZENODO_URL", "https://zenodo.org").rstrip("/")
ZENODO_TOKEN = os.environ.get("ZENODO_TOKEN", "")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

UNFOLD = {
    "SITE_TITLE": _("Sticktionary"),
    "SITE_HEADER": _("Sticktionary: the editors' desk"),
    "SITE_URL": "/",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {"navigation": "sticktionary.admin.navigation.sidebar"},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"kombu.connection": {"level": "ERROR"}},  # warns of the missing host name of the broker of files
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
}
