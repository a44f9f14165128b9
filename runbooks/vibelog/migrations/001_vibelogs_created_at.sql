-- Home pages list the newest vibelogs first.
create index idx_vibelogs_created_at on vibelogs (created_at);
