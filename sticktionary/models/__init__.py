"""Rows, in the order of the data's life: catalogue, players, play, points, learning."""

from sticktionary.models.catalogue import ImportItem, ImportJob, IndexChange, Pack, Sticker
from sticktionary.models.learning import Embedding, ExportJob, ModelVersion
from sticktionary.models.play import Preview, Query, Retrieval, Revision, Round, Sitting, Skip, Turn
from sticktionary.models.players import AuditEntry, Consent, Notice, PlayDay, Player
from sticktionary.models.points import LedgerEntry

__all__ = [
    "AuditEntry",
    "Consent",
    "Embedding",
    "ExportJob",
    "ImportItem",
    "ImportJob",
    "IndexChange",
    "LedgerEntry",
    "ModelVersion",
    "Notice",
    "Pack",
    "PlayDay",
    "Player",
    "Preview",
    "Query",
    "Retrieval",
    "Revision",
    "Round",
    "Sitting",
    "Skip",
    "Sticker",
    "Turn",
]
