-- The yearly archive reads audit logs by their age.
create index idx_audit_logs_created_at on audit_logs (created_at);
