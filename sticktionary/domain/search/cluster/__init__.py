"""Search past one machine, chosen by the setting SEARCH_URL: a Qdrant cluster is asked instead of memory.

    address     which cluster, and what a model's catalogue is called there
    keeping     the one writer, in a worker: follows the log of changes, moves catalogues over, makes one live
    moving      the same in the foreground, for a command
    asking      what every other process does

Nothing here is imported where SEARCH_URL is empty: the client of Qdrant is heavy.
"""
