drop index idx_vibelogs_created_at;
