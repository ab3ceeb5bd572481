"""From raw folders to shards: plan, spool every case, seal every shard, publish them with the manifest."""

#: The file that makes a folder a built data set. It stands here so that asking for it imports nothing else.
MANIFEST = "manifest.json"
