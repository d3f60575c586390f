"""Which catalogue is live: an alias that is moved from one to the next in one step."""

from __future__ import annotations

from qdrant_client import QdrantClient, models


def target(client: QdrantClient, alias: str) -> str | None:
    """The catalogue that an alias stands for, or None."""
    aliases = client.get_aliases().aliases
    return next((each.collection_name for each in aliases if each.alias_name == alias), None)


def move(client: QdrantClient, alias: str, name: str) -> None:
    """From now on the alias stands for this catalogue: nobody ever finds it standing for none."""
    steps: list[models.AliasOperations] = [
        models.CreateAliasOperation(create_alias=models.CreateAlias(alias_name=alias, collection_name=name))
    ]
    if target(client, alias) is not None:
        steps.insert(0, models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias)))
    client.update_collection_aliases(steps)


def catalogues(client: QdrantClient, prefix: str) -> set[str]:
    """The names of all catalogues that begin so, half-made ones among them."""
    names = {each.name for each in client.get_collections().collections if each.name.startswith(prefix)}
    return {name.removesuffix("-words") for name in names}


def drop(client: QdrantClient, name: str) -> None:
    """Forget a catalogue, or half of one: first the vocabulary, so that nobody takes the rest for one."""
    client.delete_collection(f"{name}-words")
    client.delete_collection(name)
