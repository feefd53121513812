-- Version 4: scenarios of plans with their schedules and bundles, and proposals to owners.

CREATE TABLE scenarios (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, scenario_id TEXT, name TEXT,
    actor TEXT, at TEXT, data_revision INTEGER, policy_version TEXT, software_version TEXT, as_of DATE,
    parent TEXT, wishes TEXT, seed INTEGER, reproducible BOOLEAN, comparison TEXT);
CREATE UNIQUE INDEX digonce_scenarios_key ON scenarios (scenario_id);
CREATE UNIQUE INDEX digonce_scenarios_name ON scenarios (name);
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('scenarios', 'attributes',
    'scenarios');

CREATE TABLE scenario_schedules (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, scenario_id TEXT,
    code TEXT, unit TEXT, filed_start DATE, filed_finish DATE, start DATE, finish DATE,
    moved_days INTEGER, bundle_id TEXT, works_order INTEGER, reason_zh TEXT, reason_en TEXT, sites TEXT);
CREATE UNIQUE INDEX digonce_scenario_schedules_key ON scenario_schedules (scenario_id, code);
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('scenario_schedules',
    'attributes', 'scenario_schedules');

CREATE TABLE scenario_bundles (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, scenario_id TEXT,
    bundle_id TEXT, mode TEXT, codes TEXT, lead_unit TEXT, partner_units TEXT, roads TEXT, start DATE,
    finish DATE, length_m REAL, metres_saved REAL, saving_low_wan REAL, saving_mid_wan REAL,
    saving_high_wan REAL, formula_zh TEXT, formula_en TEXT, members_zh TEXT, members_en TEXT);
CREATE UNIQUE INDEX digonce_scenario_bundles_key ON scenario_bundles (scenario_id, bundle_id);
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('scenario_bundles',
    'attributes', 'scenario_bundles');

CREATE TABLE proposals (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, proposal_id TEXT,
    scenario_id TEXT, bundle_id TEXT, code TEXT, unit TEXT, revision INTEGER, actor TEXT, at TEXT,
    filed_start DATE, filed_finish DATE, start DATE, finish DATE, moved_days INTEGER, sites TEXT,
    reason_zh TEXT, reason_en TEXT, deadline DATE, answer TEXT, note TEXT, answered_by TEXT,
    answered_at TEXT, answered_revision INTEGER);
CREATE UNIQUE INDEX digonce_proposals_key ON proposals (proposal_id);
CREATE INDEX digonce_proposals_code ON proposals (code);
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('proposals', 'attributes',
    'proposals');
