alter table orders add column priority integer;
