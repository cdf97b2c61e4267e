-- When credentials expire, in the history of credentials too: its trigger takes every column that both tables have.

ALTER TABLE provider_credential_history ADD COLUMN expires_at timestamptz;
ALTER TABLE provider_credential_history ADD COLUMN value_expires_at timestamptz;
COMMENT ON COLUMN provider_credential_history.expires_at IS
'When it is to be replaced, as its manifest says; null where it does not.';
COMMENT ON COLUMN provider_credential_history.value_expires_at IS
'When the present value ceases to be accepted, as the provider said or who stored it; null where nobody did.';
