-- Roles with least grants for PostgreSQL. Run once as superuser, after the first `ballast setup` with the owner's address:
--   psql -v ON_ERROR_STOP=1 -d ballast -f deploy/postgres.sql
-- and again after each update that brings a new table. Safe to repeat. Passwords: \password ballast_app, and so on.
--
--   ballast_owner    owns the tables; migrations (`ballast setup`), `ballast restore`. Nobody else changes tables.
--   ballast_app      the bot, Rasa and its actions: reads and writes what men say. May add to the audit, never change it.
--   ballast_staff    the staff app and `ballast worker`: reads what it shows, changes flags, accounts, sessions, alarms,
--                    adds to the audit.
--   ballast_backup   `ballast backup`, `ballast verify`: reads everything, changes nothing.
DO $$
DECLARE role text;
BEGIN
  FOREACH role IN ARRAY ARRAY['ballast_owner', 'ballast_app', 'ballast_staff', 'ballast_backup'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
      EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', role);
    END IF;
  END LOOP;
END $$;

DO $$
DECLARE found record;
BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO ballast_owner, ballast_app, ballast_staff, ballast_backup',
                 current_database());
  FOR found IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('ALTER TABLE public.%I OWNER TO ballast_owner', found.tablename);
  END LOOP;
END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, ballast_app, ballast_staff, ballast_backup;
GRANT USAGE, CREATE ON SCHEMA public TO ballast_owner;
GRANT USAGE ON SCHEMA public TO ballast_app, ballast_staff, ballast_backup;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO ballast_app, ballast_staff;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO ballast_backup;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO ballast_backup;

-- The bot and the dialogue. Staff accounts, sessions and failed sign-ins are none of their business.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ballast_app;
REVOKE ALL ON staff, staff_sessions, staff_recovery, staff_links, sign_in_failures FROM ballast_app;
REVOKE ALL ON shifts, staff_contacts, notifications, alarms FROM ballast_app;
REVOKE INSERT, UPDATE, DELETE ON level_rules, clinic_settings, directory_changes FROM ballast_app;
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM ballast_app;
REVOKE UPDATE, DELETE ON audit FROM ballast_app;
-- Only a table's owner may rewrite its file, which an erasure needs for the keys (bot/storage/retention.py).
GRANT CREATE ON SCHEMA public TO ballast_app;
ALTER TABLE person_keys OWNER TO ballast_app;
REVOKE CREATE ON SCHEMA public FROM ballast_app;
GRANT ballast_app TO ballast_owner; -- so that migrations can change that table as well

-- The staff app.
GRANT SELECT ON ALL TABLES IN SCHEMA public TO ballast_staff;
GRANT INSERT ON audit TO ballast_staff;
GRANT INSERT, UPDATE ON flags TO ballast_staff; -- INSERT: raised by hand, or found in the weekly sample
GRANT INSERT, UPDATE, DELETE ON level_rules, clinic_settings, shifts, staff_contacts, directory_changes, sample_weeks,
  sampled_messages, alarms, notifications, worker_beats TO ballast_staff; -- `ballast worker` runs in this role too
GRANT INSERT, UPDATE ON tallies TO ballast_staff;
GRANT INSERT, UPDATE, DELETE ON staff, staff_sessions, staff_recovery, staff_links, sign_in_failures TO ballast_staff;
