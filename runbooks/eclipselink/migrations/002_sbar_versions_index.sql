create index idx_sbar_reports_version on sbar_reports (handoff_id, version);
