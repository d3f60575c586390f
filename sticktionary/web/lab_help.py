"""What the recipes say of themselves, to be translated: the engine knows no languages. A test compares the two."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

TEXTS = (
    _("StickerCLIP"),
    _("A retrieval model: finds stickers by what people type, from their pictures."),
    _("Steps"),
    _("Training steps."),
    _("Batch"),
    _("Stickers whose pairs are told apart at once."),
    _("Learning rate"),
    _("Of AdamW, at its height."),
    _("Freeze vision"),
    _("Train the text tower alone; pictures keep the base model's vectors."),
    _("Part"),
    _("Stickers that go through the model at once. The loss is always that of the whole batch."),
    _("Weight decay"),
    _("Of AdamW, on matrices alone."),
    _("Warm up"),
    _("Share of the steps in which the learning rate rises; then it falls along a cosine."),
    _("Max norm"),
    _("Longer gradients are cut to this length."),
    _("Precision"),
    _("Numbers to compute with; auto is bf16 on CUDA and float32 elsewhere."),
    _("Texts per sticker"),
    _("Texts of each sticker in a step."),
    _("From fields"),
    _(
        "Share of the texts that join a query with what else is known of the sticker (description, printed "
        "text, emotion, style); the others are one query."
    ),
    _("Keep field"),
    _("Share of these fields that such a text keeps."),
    _("Drop word"),
    _("Share of words, in Chinese characters, that texts lose."),
    _("Augment"),
    _("How far pictures are turned, scaled and shifted: 1 is up to 12 degrees, 15 % and 8 %."),
    _("One frame"),
    _("Train on one key frame of a moving sticker at a time, not on the mean of all."),
    _("Shared texts"),
    _("A text in the batch that was also typed for another sticker: ignored there, or a positive as well."),
    _("Proof weights"),
    _("Believe each query as far as the release does."),
    _("Hard negatives"),
    _("Stickers that players wrongly picked, added to the batch for each of its stickers, at most."),
    _("Validate every"),
    _("Steps between measurements on the validation split."),
    _("Patience"),
    _("Measurements without a better one after which training ends; 0 for never."),
    _("Save every"),
    _("Steps between checkpoints."),
    _("Compare freeze vision"),
    _("Train a second time with the vision tower frozen, for the table of the paper; takes as long again."),
    _("Query generator"),
    _("Writes what people would type for a sticker it sees."),
    _("Epochs"),
    _("Passes through the training stickers."),
    _("Stickers for one step of the optimiser."),
    _("Languages"),
    _("Languages to write in, with commas between; empty for all of the release."),
    _("Learns"),
    _(
        "What learns: small matrices beside the language model (lora), or every weight (everything). Auto "
        "takes lora for a pretrained model and everything for one made here."
    ),
    _("Rank"),
    _("Rank of LoRA's matrices."),
    _("Alpha"),
    _("LoRA's scale is this by the rank."),
    _("Dropout"),
    _("Of LoRA's input."),
    _("Four bit"),
    _("Hold the frozen weights in four bits; needs bitsandbytes and CUDA."),
    _("Stickers that go through the model at once; the result is the same."),
    _("Checkpointing"),
    _("Compute activations twice instead of keeping them: slower, less memory."),
    _("Share of the steps in which the learning rate rises."),
    _("Of AdamW, on matrices."),
    _("Gradients are cut to this length."),
    _("Most"),
    _("Queries of a sticker in one answer, at most."),
    _("Passes without a better validation after which training ends; 0 never."),
    _("Validated"),
    _("Validation stickers of each language, at most."),
    _("Judged"),
    _("Test stickers that are judged, at most."),
    _("Written"),
    _("Queries that are written for each of them."),
    _("Samples"),
    _("Answers drawn at random beside the most likely one."),
    _("Untrained"),
    _("Judge the model as it was before training, too."),
    _("Caption model"),
    _("A captioning model to compare with: a name or a folder; empty for none."),
    _("Text encoder"),
    _("Folder of a text model for embedding similarity and BERTScore; empty leaves them out."),
    _("Int-RA"),
    _("Answers a group chat with a sticker: by what the sender means to do, and by what stickers show."),
    _("Passes through the training conversations."),
    _("Conversations for one step of the optimiser."),
    _("N turns"),
    _("The last turns before the sticker that are read."),
    _("Length"),
    _("Tokens of a conversation, at most: the last ones."),
    _("Freeze image"),
    _("Keep the picture tower as it is."),
    _("Freeze text"),
    _("Keep the text tower as it is."),
    _("Pictures or texts that go through a tower at once."),
    _("Passes without a better validation after which it ends; 0 never."),
    _("Languages of the conversations, with commas between; empty for all of the release."),
    _("Lora"),
    _(
        "Rank of small matrices (LoRA) that learn in the place of the towers' own weights; 0 for none. For "
        "pretrained towers."
    ),
    _("Listed"),
    _("Stickers of a stored list of candidates, the right one among them."),
    _("Test conversations that are judged, at most."),
    _("Validation conversations that are judged after each pass, at most."),
    _("Baselines"),
    _("Judge words alone (BM25), CLIP and the untrained model as well."),
    _("Query model"),
    _("Relation"),
    _("What attributes do to the picture: add what they find in it, or weigh its places (the paper's equation 12)."),
    _("Knowledge"),
    _("Read what the knowledge provider says of the speaker."),
    _("Attributes"),
    _("Look at stickers through their attributes."),
    _("Intent weight"),
    _("Of the loss of the intent; 0 leaves it out."),
    _("Margin"),
    _("By which the right pair must win, in cosine."),
    _("Hardest"),
    _("Only the hardest wrong one of the batch counts; else all of them, added up."),
    _("Teacher forcing"),
    _("Share of conversations that are told the right intent."),
    _("Heads"),
    _("Of the attention."),
    _("Knowledge model"),
    _("IGSR"),
    _("Answers a chat with a history: what is remembered of earlier sessions helps to say what is meant."),
    _("Memory"),
    _("How earlier sessions are chosen: by words (BM25), by the text tower's vectors, at random, or not at all."),
    _("N memories"),
    _("Summaries of earlier sessions that are read."),
    _("Mask intent"),
    _("What is used for the same is no wrong answer."),
    _("With label"),
    _("Add what the predicted intent is called to what is looked for."),
    _("Queue"),
    _("Past stickers that are wrong answers, too; 0 for those of the batch alone."),
    _("Memory length"),
    _("Tokens of the memories, at most."),
    _("Summary model"),
    _("PBR"),
    _("Answers from a pack of stickers, having learned to see what stickers feel."),
    _("Dialogues for one step."),
    _("Tokens of a dialogue, at most: the last ones."),
    _("Candidates"),
    _("Stickers of a pack that stand beside each other, the right one among them."),
    _("Emotions"),
    _("Weight of the distilled emotions (EKD); 0 leaves them out."),
    _("Intra"),
    _("Weight of telling stickers of a pack apart (TSCL); 0: none."),
    _("Inter"),
    _("Weight of telling those of other packs apart (TSCL); 0: none."),
    _("Negatives"),
    _("How wrong stickers for the matcher are drawn: at random, by how like they are, or by sentiment as well."),
    _("Kappa"),
    _("How much sentiment counts (PHSM), at its height."),
    _("Ramp from"),
    _("Share of the training at which sentiment begins to count."),
    _("Ramp to"),
    _("Share of the training at which it counts wholly."),
    _("Anchors"),
    _("Anchors of each emotion, at most."),
    _("Teacher temperature"),
    _("Of the teacher's cosines to the anchors."),
    _("Sampling temperature"),
    _("Of the likeness by which wrong ones are drawn."),
    _("Layers"),
    _("Layers of attention between dialogue and sticker."),
    _("Shortlist"),
    _("Stickers by their vectors that the matcher looks at again."),
    _("Teacher epochs"),
    _("Passes of the teacher of emotions through labelled stickers."),
    _("Sentiment model"),
    _("StickerLLM"),
    _("A language model that learns when to look for a sticker, and what for."),
    _("Tokens of a prompt, at most: the last ones."),
    _("Retrieval weight"),
    _("Of the contrastive loss beside that of the words."),
    _("Ordinary"),
    _("Share of ordinary prompts, by which it learns when not to search."),
    _("New rows"),
    _("Learn the rows of the new tokens; without them it never searches by itself."),
    _("Printed"),
    _("How much the words on a sticker count beside its picture."),
    _("Language model"),
    _(
        "The language model: a name, a folder, or tiny; empty for tiny beside tiny towers, and "
        "Qwen/Qwen3-0.6B beside others."
    ),
    _("Towers epochs"),
    _(
        "Passes in which tiny towers learn what people type for stickers and say of them, before they are "
        "frozen; 0 leaves them as they are. Others are not trained."
    ),
    _("SRS"),
    _("Answers from a pack of stickers, by how each utterance meets each place of the picture."),
    _("Tokens of an utterance, at most."),
    _("Emotion weight"),
    _("Of the loss of the sticker's emotion; 0 leaves it out."),
    _("MMBERT"),
    _("One encoder reads conversation, words on the sticker and picture together, and says whether they match."),
    _("Printed weight"),
    _("Of guessing the words on the sticker from the conversation."),
    _("Of telling what the sticker is used for."),
    _("Words weight"),
    _("Of guessing masked words of the conversation."),
    _(
        "The encoder that reads: a name, a folder, or tiny; empty for tiny beside tiny towers, and "
        "FacebookAI/xlm-roberta-base beside others."
    ),
    _("Tower rate"),
    _("Share of the learning rate at which pretrained towers learn; tiny ones learn at the whole."),
    _(
        "Writes what to search for, to compare with: a language model (a name or a folder), or a file of "
        "values; empty for none."
    ),
    _(
        "Tells what the speaker wants and feels: a language model (a name or a folder), or a file of values "
        "that was filled beforehand; empty for nobody."
    ),
    _("Attribute model"),
    _(
        "Tells the attributes of stickers that nobody described: a vision-language model (a name or a "
        "folder), or a file of values; empty for nobody."
    ),
    _(
        "Sums up the sessions that nobody has summed up: a language model (a name or a folder), or a file of "
        "values; empty for their most telling lines."
    ),
    _(
        "Says how glad an utterance is where people were not asked: a classifier (a name or a folder), or a "
        "file of values; empty for a short list of words."
    ),
)

PUBLISHED = (
    _(
        "Measured on data that are not ours to have: other stickers, other people, other galleries. A higher "
        "number there or here says nothing by itself."
    ),
    _(
        "What is called P@N is no precision: the values are multiples of 1/154 and grow with N. It is a hit, any "
        "sticker of the same intent among the first N; that is the measure of ours beside it."
    ),
    _(
        "The rows of SR and DR are multiples of 1/154 as well, not of 1/99 and 1/55: they were not measured on "
        "those parts."
    ),
    _("Whether the gallery held 124 or 1,025 stickers is not said, so chance is not known."),
    _(
        "It lies above P@5 and, over all, below both of its parts, as no mean over queries can. Nobody knows what"
        " it is; nothing of ours stands beside it."
    ),
    _("Stickers are shared between the sides of their split, so that the right answer may have been seen in training."),
    _("The gallery is the 658 stickers of the test side; ours is the whole release."),
    _(
        "Their code adds up all hits among the first N without dividing by N; as printed it may be that, or a "
        "hit. Ours is a hit."
    ),
    _(
        "In their code the mean cosine of the stickers with the right intent, clipped at 0: how sure a model is, "
        "not how it ranks. Nothing of ours stands beside it."
    ),
    _("The share of 114 answers that GPT-4 found fitting. Nothing of ours stands beside it."),
    _("The share of 114 answers that people found fitting. Nothing of ours stands beside it."),
    _(
        "Their candidates are the first nine of a pack's list, always the same, and short packs are filled with "
        "grey pictures; ours are drawn at random from the pack. Grey pictures are easily told from the right one."
    ),
    _("The best weights were chosen by the test side, so the values are a little too good."),
    _("The final model is printed as 79.23/69.38, 79.2/69.3 and 79.19/69.45 in three places."),
    _(
        "Lists of ten candidates are MOD's own; ours are drawn at random from the sticker's pack, which is harder"
        " where a pack is of one style."
    ),
    _("For CLIP a value at 5 is printed that is smaller than the one at 2; it is left out."),
    _(
        "The query is all that annotators said of the sticker, the words printed on it among them. People do not "
        "ask so."
    ),
    _(
        "The word by which it searches was given to it. By itself it searches for 68.1 in 100 known requests and "
        "for 53.6 in 100 unknown ones, which is not multiplied in."
    ),
    _(
        "A description of the sticker was asked for, not a conversation, and it was told to search. Nothing of "
        "ours stands beside it."
    ),
)
"""What stands beside the figures of papers (`retrieval_engine.dialogue.published`)."""
