-- Version 3: plan years, corrections of the ledger, where restrictions hold, replies, policies.

ALTER TABLE projects ADD COLUMN plan_year INTEGER;
ALTER TABLE projects ADD COLUMN papers_on DATE;

ALTER TABLE ledger ADD COLUMN note TEXT;

CREATE INDEX digonce_projects_number ON projects (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX digonce_projects_links ON projects (depends_on, code) WHERE depends_on IS NOT NULL;
-- Whether there are permits at all is asked at every check: of no row, where there are none.
CREATE INDEX digonce_projects_permits ON projects (code)
    WHERE permit_start IS NOT NULL OR permit_finish IS NOT NULL OR permit_area_m2 > 0;
CREATE INDEX digonce_sites_actual ON sites (project_code)
    WHERE actual_start IS NOT NULL OR actual_finish IS NOT NULL;
CREATE INDEX digonce_ledger_source ON ledger (source) WHERE source IS NOT NULL;
CREATE INDEX digonce_findings_a ON findings (project_a);
CREATE INDEX digonce_findings_b ON findings (project_b);

ALTER TABLE restrictions ADD COLUMN recurs TEXT;
ALTER TABLE restrictions ADD COLUMN town TEXT;
ALTER TABLE restrictions ADD COLUMN road_class TEXT;
ALTER TABLE restrictions ADD COLUMN works TEXT;
ALTER TABLE restrictions ADD COLUMN mode TEXT;
ALTER TABLE restrictions ADD COLUMN note TEXT;
ALTER TABLE restrictions ADD COLUMN exempt TEXT;

ALTER TABLE assets ADD COLUMN utility TEXT;
ALTER TABLE asset_lines ADD COLUMN utility TEXT;
ALTER TABLE asset_points ADD COLUMN utility TEXT;

ALTER TABLE findings ADD COLUMN kind_b TEXT;

ALTER TABLE rules_run ADD COLUMN label_zh TEXT;
ALTER TABLE rules_run ADD COLUMN label_en TEXT;

ALTER TABLE decisions ADD COLUMN reason_code TEXT;
ALTER TABLE decisions ADD COLUMN seen_revision INTEGER;
ALTER TABLE decisions ADD COLUMN policy_version TEXT;

ALTER TABLE stage_events ADD COLUMN plan_year INTEGER;
ALTER TABLE stage_events ADD COLUMN gates TEXT;

CREATE TABLE replies (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, finding_id TEXT,
    revision INTEGER, seen_revision INTEGER, actor TEXT, at TEXT, unit TEXT, answer TEXT, note TEXT,
    proposed_start DATE, proposed_finish DATE);
CREATE INDEX digonce_replies_key ON replies (finding_id);
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('replies', 'attributes',
    'replies');

CREATE TABLE policies (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, version TEXT,
    revision INTEGER, actor TEXT, at TEXT, toml TEXT, settings TEXT);
CREATE INDEX digonce_policies_key ON policies (version);
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('policies', 'attributes',
    'policies');
