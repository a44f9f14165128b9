alter table sbar_reports drop column is_latest;
alter table sbar_reports drop column version;
