"""Rows, in the order of the data's life: catalogue, players, play, points, quality, review, releases, learning."""

from sticktionary.models.annotation import Annotation, Settlement, Task
from sticktionary.models.catalogue import ImportItem, ImportJob, IndexChange, Pack, Sticker
from sticktionary.models.chat_notes import SessionCut, SessionSummary, TurnPolarity
from sticktionary.models.conversations import ChatSession, Conversation, ConversationImport, Utterance
from sticktionary.models.drafts import Draft
from sticktionary.models.figures import DayFigures
from sticktionary.models.learning import (
    ApiToken,
    Embedding,
    ExportJob,
    GeneratedQuery,
    ModelVersion,
    RunEvent,
    ShadowLook,
    StartKey,
    TrainingRun,
)
from sticktionary.models.play import Preview, Query, Retrieval, Revision, Round, Sitting, Skip, Turn
from sticktionary.models.players import AuditEntry, Consent, Notice, PlayDay, Player
from sticktionary.models.points import LedgerEntry
from sticktionary.models.quality import (
    AbusiveWord,
    FailedLook,
    Flag,
    Gold,
    PlayerQuality,
    RuleSet,
    Sanction,
    StickerDifficulty,
    Watermark,
)
from sticktionary.models.releases import Publication, Release, SplitPart, Tombstone
from sticktionary.models.replies import Reply
from sticktionary.models.review import Case, Judgement, Ruling, SameStickers
from sticktionary.models.source_labels import SourceLabel

__all__ = [
    "AbusiveWord",
    "Annotation",
    "ApiToken",
    "AuditEntry",
    "Case",
    "ChatSession",
    "Consent",
    "Conversation",
    "ConversationImport",
    "DayFigures",
    "Draft",
    "Embedding",
    "ExportJob",
    "FailedLook",
    "Flag",
    "GeneratedQuery",
    "Gold",
    "ImportItem",
    "ImportJob",
    "IndexChange",
    "Judgement",
    "LedgerEntry",
    "ModelVersion",
    "Notice",
    "Pack",
    "PlayDay",
    "Player",
    "PlayerQuality",
    "Preview",
    "Publication",
    "Query",
    "Release",
    "Reply",
    "Retrieval",
    "Revision",
    "Round",
    "RuleSet",
    "Ruling",
    "RunEvent",
    "SameStickers",
    "Sanction",
    "SessionCut",
    "SessionSummary",
    "Settlement",
    "ShadowLook",
    "Sitting",
    "Skip",
    "SourceLabel",
    "SplitPart",
    "StartKey",
    "Sticker",
    "StickerDifficulty",
    "Task",
    "Tombstone",
    "TrainingRun",
    "Turn",
    "TurnPolarity",
    "Utterance",
    "Watermark",
]
