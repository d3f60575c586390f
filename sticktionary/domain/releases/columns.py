"""What each column of a release's tables means, in the words that its documents use."""

from __future__ import annotations

_STICKER = "the sticker, as in the table `stickers`"
_LANGUAGE = "the language it was written in: `en` or `zh`"
_SPLIT = "`train`, `validation` or `test`; that of the sticker"

_RANK = "place of the sticker among the picks, from 1; 0: not found"

_ASKED = {
    "task": "what was asked: emotion, style, words on it, description, gesture, intent, whether it fits, ...",
    "target": "the sticker, and where its use in a conversation was asked about, that turn",
    "taxonomy": "the label set and its version; empty for free text",
}

COMMON = {
    "v": "version of the form of the row",
    "sticker_id": _STICKER,
    "language": _LANGUAGE,
    "lang": _LANGUAGE,
    "split": _SPLIT,
    "part": _SPLIT,
    "pack": "the pack of the sticker",
    "query": "what somebody would type to find the sticker; with its spelling mended where a reviewer did so",
    "query_id": "number of the query, the same in every release",
    "round_id": "number of the round, the same in every release: one sticker labelled once in one language",
    "retrieval_id": "number of the lookup, the same in every release",
    "source": "`play` (a labeler wrote it), `suggestion` (a retriever did), `house` (it came with the sticker)",
    "retriever": "pseudonym of who looked it up, in this release only; empty for somebody who left",
    "retriever_weight": "how far the retriever can be relied on, from 0 to 1",
    "rank": _RANK,
    "none_of_these": "whether the retriever said that the sticker is not among the candidates",
    "n_candidates": "stickers that the retriever chose from",
    "gave_away": "`query_id` of the query that the retriever says led there; empty when not said",
    "machine_rank": "place at which the game's own search put the sticker among the candidates; never proof",
}
OF_TABLE: dict[str, dict[str, str]] = {
    "queries": {
        "normalised": "the query in small letters, in one width of letters, with single spaces",
        "typed": "what was typed, where a reviewer mended the spelling; else empty",
        "status": "why it is believed: `found`, `reviewed` (a reviewer accepted it), `house`, or `unproven`",
        "weight": "how far to trust it in training: the labeler's weight by the chance to find the sticker with it",
        "position": "its place among the queries of the round, from 0",
        "novelty": "from 0.5 (everybody would have typed it) to 1.5 (new)",
        "nudges": "hints that were shown for it and overruled",
        "n_gave_away": "retrievers who said that this query led them there",
        "labeler": "pseudonym of who wrote it, in this release only; empty for `house` and for somebody who left",
        "labeler_weight": "how far the labeler can be relied on, from 0 to 1",
        "n_retrievers": "lookups of the round that count as proof",
        "n_found": "how many of them found the sticker",
        "best_rank": "the best place that a retriever put it at; 0: nobody found it",
        "p_find": "estimated chance that another player finds the sticker with the round's queries",
        "p_find_low": "lower end of the 95 % interval of `p_find`",
        "p_find_high": "upper end of the 95 % interval of `p_find`",
        "results_hidden": "whether the labeler wrote without seeing live results",
        "model_version": "the search model whose results the labeler saw",
        "retrievals": "every lookup that counts, each with the columns of the same name of the table `retrievals`",
    },
    "pairs": {"weight": "how far to trust it in training, from 0 to 1"},
    "stickers": {
        "sticker_id": "name of the sticker, the same in every release",
        "file": "the picture, below this folder; empty where it may not be published",
        "sha256": "checksum of the picture as it came, with what its file said beside it; the same in every release",
        "media": "`static` or `animated`, width and height in pixels, frames, duration in milliseconds",
        "pack_id": "the pack it belongs to",
        "dup_cluster": "stickers that look alike have the same; they are on one side of the split",
        "author_emoji": "the emoji that the maker of the pack gave it",
        "source": "where it comes from",
        "license": "what may be done with the picture",
        "harmful": "what is harmful about it; stickers that were found harmful are left out",
        "printed_text": "words that can be read on it",
        "perceptual_hash": "64 bits of its looks, in hex",
    },
    "splits": {
        "split_id": "name and version of the split",
        "kind": "what is split",
        "id": "the `sticker_id`",
        "group": "what is kept together with it: the `dup_cluster`",
    },
    "retrievals": {
        "candidates": "the stickers that were shown, in the order shown",
        "picks": "the stickers that were picked, best first",
        "target_absent": "whether the sticker was left out on purpose",
        "is_gold": "whether its answer was known beforehand, to see who looks; it decides nothing about the round",
        "counts": "whether it counts as proof",
    },
    "tombstones": {
        "kind": "what was taken back: `query`, `sticker`, `player`, `answer`, `conversation` or `release`",
        "release": "the release in which it has this name; empty: the same name in all of them",
        "id": "its name there: the `query_id`, the `sticker_id`, the pseudonym, the `retrieval_id`",
    },
    "annotations": {
        "ann_id": "name of the answer",
        "order": "its place among the answers to the question, from 1",
        "t_ms": "empty: how long things took is not published",
        "created": "empty: the days on which somebody played are not published",
        "annotator": "pseudonym of who answered, in this release only",
        "role": "`judge` (a player) or `reviewer`",
        "status": "`accepted` or `rejected` by what holds in the end; `raw` where nothing follows yet; "
        "`edited`: a draft that a reviewer changed",
        "drafted_by": "the model whose draft a reviewer took or changed; empty where there was no draft",
        "supersedes": "the answer that it takes the place of",
        "consent": "whether it may be published",
        **_ASKED,
        "value": "the answer, in the fields of its task",
    },
    "annotation_labels": {
        **_ASKED,
        "value": "what holds; empty while the annotators disagree",
        "views": "the same label in other label sets",
        "n_answers": "how many answered",
        "n_agree": "how many of them gave this value",
        "by": "why it holds: `majority`, `reviewer`; or why not: `split`, `too_few`",
        "drafted_by": "the model whose draft a reviewer took or changed; empty where there was no draft",
    },
    "sessions": {
        "session_id": "name of the session: a conversation without a long pause",
        "chat_id": "the chat it is part of",
        "ordinal": "its place in the chat, from 1",
        "start": "when it began, where that may be said",
        "end": "when it ended, where that may be said",
        "users": "pseudonyms of those who speak, within the session",
        "turn_ids": "its turns in order",
        "summary": "what it is about, if somebody wrote that down",
        "summary_by": "who gave it: `source` (it came with the chat), `person`; empty where there is none",
        "summary_drafted_by": "the model whose draft a person took or changed; empty where there was no draft",
        "source": "where the conversation comes from",
        "license": "what may be done with it",
    },
    "turns": {
        "turn_id": "name of the turn",
        "session_id": "the session it is part of",
        "chat_id": "the chat it is part of",
        "i": "its place in the session, from 1",
        "speaker": "who speaks, as in `users` of the session",
        "text": "what is said; empty for a sticker by itself",
        "sticker_id": "the sticker that is sent; empty: none, or one that is not in this release",
        "sticker_left_out": "whether a sticker is sent here that is not in this release",
        "reply_to": "the turn it answers, where that is known",
        "polarity": "how glad and how sad it is, where somebody said so",
    },
    "source_labels": {
        "task": "what it says: intent, appropriateness, scenario, emotion (of the sender), style, attribute, polarity",
        "target": "the turn it came with, and its sticker, where it is about that",
        "taxonomy": "the label set and its version; empty for words, and for a label that no set here knows",
        "value": "the label, in the form of the annotators' answers",
        "source": "where the conversation comes from: who said so; nobody here did",
    },
    "samples": {
        "sample_id": "name of the sample: one use of a sticker in a session",
        "session_id": "the session it is part of",
        "context_turns": "the turns before it",
        "history_sessions": "earlier sessions of the same chat",
        "speaker": "who sends the sticker",
        "own_text": "what the same person writes with it",
        "gold": "the sticker that was sent",
        "acceptable": "that sticker, and those that say the same: near twins, and what reviewers found to be one",
        "scenario": "`SR`: it goes with words of the sender's; `DR`: it is the whole reply",
        "scenario_by": "how that is known",
        "intent": "what it is meant to say, fine and coarse, by the annotators",
        "appropriate": "whether annotators found that it fits",
        "n_annotators": "how many said so",
        "sticker_split": "the side of the split on which the sticker stands",
    },
}


def meaning(table: str, column: str) -> str:
    """What a column means; "" for one that nobody has described."""
    return OF_TABLE.get(table, {}).get(column) or COMMON.get(column, "")
