"""What answers say of themselves, to be translated: the engine knows no languages. A test compares the two."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

NOTES = (
    _("Earlier turns were left out: this model reads the last ones."),
    _("The conversation is longer than the model reads: its beginning was cut."),
    _("The turns that are read hold nothing to go by."),
    _("A sticker in the conversation is not known here and was passed over."),
    _("This model learned from no conversations in this language."),
    _("Earlier sessions are not read by this model."),
    _("Nothing was added about the speaker: there is no provider of knowledge."),
    _("Earlier sessions without a summary were summed up by some of their own lines."),
    _("No sticker has a word of what was searched for."),
    _("Ranked by vectors alone: nothing looked at conversation and sticker together."),
    _("Conversation and sticker were read together for a shortlist alone."),
    _("No sticker has a word of what was said last: the last turns were searched together."),
)
