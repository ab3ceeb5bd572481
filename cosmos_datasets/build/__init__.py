"""From raw folders to shards: plan, spool every case, seal every shard, publish them with the manifest."""
