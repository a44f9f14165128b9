-- Reports keep a version; the newest of a hand-off is marked.
alter table sbar_reports add column version integer not null default 1;
alter table sbar_reports add column is_latest boolean not null default true;
