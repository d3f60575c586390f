from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("sticktionary.web.pages")),  # landing, the game's page, its words
    path("", include("sticktionary.web.people")),  # start, sign-in, profile, history, boards, points
    path("appeals/", include("sticktionary.web.appeals")),
    path("", include("sticktionary.web.pictures")),  # stickers as files
    path("", include("sticktionary.web.plates")),  # candidates as files
    path("studio/", include("sticktionary.web.studio")),  # import, packs, export
    path("studio/review/", include("sticktionary.web.review")),
    path("studio/quality/flags/", include("sticktionary.web.flags")),
    path("studio/quality/", include("sticktionary.web.quality")),
    path("studio/releases/publish/", include("sticktionary.web.publications")),
    path("studio/releases/", include("sticktionary.web.releases")),
    path("studio/statistics/", include("sticktionary.web.statistics")),
    path("studio/annotation/drafts/", include("sticktionary.web.drafts")),
    path("studio/annotation/", include("sticktionary.web.annotation")),
    path("studio/conversations/<int:conversation_id>/", include("sticktionary.web.chat_notes")),
    path("studio/conversations/", include("sticktionary.web.reply_chats")),
    path("studio/conversations/", include("sticktionary.web.conversations")),
    path("studio/lab/tokens/", include("sticktionary.web.lab_tokens")),
    path("studio/lab/models/", include("sticktionary.web.lab_models")),
    path("studio/lab/try/", include("sticktionary.web.lab_search")),
    path("studio/lab/reply/", include("sticktionary.web.lab_reply")),
    path("studio/lab/api/", include("sticktionary.web.lab_api")),
    path("studio/lab/", include("sticktionary.web.lab")),
    path("api/v1/", include("sticktionary.web.api.urls")),
    path("admin/", admin.site.urls),
]
