-- Version 1 of the store's tables, as it was released. Never edited: what changes is a further step.
-- Layers come first as GDAL makes them, empty; they are made anew with these columns.

CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value TEXT) WITHOUT ROWID;
CREATE TABLE schema_versions (
    version INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL, applied_at TEXT NOT NULL);
CREATE TABLE write_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    ours INTEGER NOT NULL,
    log_revision INTEGER NOT NULL,
    data_revision INTEGER NOT NULL);
INSERT INTO write_state VALUES (1, 0, 0, 0);

CREATE TABLE "projects" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "code" TEXT, "name" TEXT,
    "name_en" TEXT, "owner_unit" TEXT, "department" TEXT, "sector" TEXT, "work_type" TEXT, "stage"
    TEXT, "level" TEXT, "town" TEXT, "funding" TEXT, "cost_wan" REAL, "utility" TEXT, "line_kind"
    TEXT, "diameter_mm" REAL, "depth_m" REAL, "fixed" BOOLEAN, "safety_critical" BOOLEAN,
    "priority" INTEGER, "depends_on" TEXT, "facility_codes" TEXT, "external_id" TEXT, "permit_no"
    TEXT, "permit_start" DATE, "permit_finish" DATE, "permit_area_m2" REAL, "confidential"
    BOOLEAN, "contact" TEXT, "remark" TEXT, "revision" INTEGER);
CREATE UNIQUE INDEX digonce_projects_key ON "projects" ("code");
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('projects', 'attributes',
    'projects');

CREATE TABLE "sites" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom MULTIPOLYGON,
    "project_code" TEXT REFERENCES projects(code), "site_id" TEXT, "road" TEXT, "extent_text"
    TEXT, "position" TEXT, "method" TEXT, "length_m" REAL, "width_m" REAL, "area_m2" REAL, "start"
    DATE, "finish" DATE, "start_precision" TEXT, "finish_precision" TEXT, "duration_days" INTEGER,
    "earliest_start" DATE, "latest_finish" DATE, "actual_start" DATE, "actual_finish" DATE,
    "hours" TEXT, "traffic_impact" TEXT, "footprint_source" TEXT);
CREATE UNIQUE INDEX digonce_sites_key ON "sites" ("project_code", "site_id");

CREATE TABLE "filings" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "project_code" TEXT
    REFERENCES projects(code), "site_id" TEXT, "source_file" TEXT, "source_row" INTEGER,
    "geometry_type" TEXT, "crs" TEXT, "wkb" BLOB, "row_json" TEXT);
CREATE INDEX digonce_filings_key ON "filings" ("project_code", "site_id");
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('filings', 'attributes',
    'filings');

CREATE TABLE "road_sections" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom
    MULTILINESTRING, "section_id" TEXT, "road" TEXT, "road_class" TEXT, "width_m" REAL, "oneway"
    BOOLEAN, "node_from" TEXT, "node_to" TEXT, "trim_from_m" REAL, "trim_to_m" REAL, "named"
    BOOLEAN, "level" INTEGER, "extra" TEXT);
CREATE UNIQUE INDEX digonce_road_sections_key ON "road_sections" ("section_id");

CREATE TABLE "junctions" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom MULTIPOLYGON,
    "junction_id" TEXT, "name" TEXT, "extra" TEXT);
CREATE UNIQUE INDEX digonce_junctions_key ON "junctions" ("junction_id");

CREATE TABLE "ledger" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom MULTIPOLYGON,
    "ledger_id" TEXT, "road" TEXT, "kind" TEXT, "surface" TEXT, "day" DATE, "start" DATE, "finish"
    DATE, "sector" TEXT, "method" TEXT, "owner_unit" TEXT, "work_type" TEXT, "source" TEXT,
    "extra" TEXT);
CREATE UNIQUE INDEX digonce_ledger_key ON "ledger" ("ledger_id");

CREATE TABLE "restrictions" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom MULTIPOLYGON,
    "restriction_id" TEXT, "name" TEXT, "kind" TEXT, "road" TEXT, "start" DATE, "finish" DATE,
    "severity" TEXT, "legal_basis" TEXT, "source" TEXT, "extra" TEXT);
CREATE UNIQUE INDEX digonce_restrictions_key ON "restrictions" ("restriction_id");

CREATE TABLE "boundaries" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom MULTIPOLYGON,
    "boundary_id" TEXT, "code" TEXT, "name" TEXT, "name_en" TEXT, "level" TEXT, "parent" TEXT,
    "source" TEXT, "extra" TEXT);
CREATE UNIQUE INDEX digonce_boundaries_key ON "boundaries" ("boundary_id");

CREATE TABLE "assets" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom MULTIPOLYGON,
    "asset_id" TEXT, "kind" TEXT, "name" TEXT, "road" TEXT, "owner_unit" TEXT, "due" DATE, "value"
    REAL, "unit" TEXT, "source" TEXT, "extra" TEXT);
CREATE UNIQUE INDEX digonce_assets_key ON "assets" ("asset_id");

CREATE TABLE "asset_lines" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom MULTILINESTRING,
    "asset_id" TEXT, "kind" TEXT, "name" TEXT, "road" TEXT, "owner_unit" TEXT, "due" DATE, "value"
    REAL, "unit" TEXT, "source" TEXT, "extra" TEXT);
CREATE UNIQUE INDEX digonce_asset_lines_key ON "asset_lines" ("asset_id");

CREATE TABLE "asset_points" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom MULTIPOINT,
    "asset_id" TEXT, "kind" TEXT, "name" TEXT, "road" TEXT, "owner_unit" TEXT, "due" DATE, "value"
    REAL, "unit" TEXT, "source" TEXT, "extra" TEXT);
CREATE UNIQUE INDEX digonce_asset_points_key ON "asset_points" ("asset_id");

CREATE TABLE "findings" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom MULTIPOLYGON,
    "finding_id" TEXT, "case_id" TEXT, "rule" TEXT, "severity" TEXT, "status" TEXT, "project_a"
    TEXT, "project_b" TEXT, "place" TEXT, "road" TEXT, "section_id" TEXT, "from_m" REAL, "to_m"
    REAL, "shared_length_m" REAL, "shared_area_m2" REAL, "distance_m" REAL, "overlap_days" REAL,
    "overlap_days_certain" REAL, "gap_days" REAL, "likelihood" REAL, "start" DATE, "finish" DATE,
    "impact_index" REAL, "saving_low_wan" REAL, "saving_mid_wan" REAL, "saving_high_wan" REAL,
    "legal_basis" TEXT, "reason_zh" TEXT, "reason_en" TEXT, "severity_steps" TEXT, "sites_a" TEXT,
    "sites_b" TEXT, "coordinated" TEXT, "level" TEXT);
CREATE UNIQUE INDEX digonce_findings_key ON "findings" ("finding_id");

CREATE TABLE "hotspots" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom MULTILINESTRING,
    "road" TEXT, "section_id" TEXT, "from_m" REAL, "to_m" REAL, "openings_24m" INTEGER,
    "openings_60m" INTEGER, "shortest_gap_days" REAL, "metres_opened" REAL, "project_codes" TEXT);
CREATE INDEX digonce_hotspots_key ON "hotspots" ("road", "section_id");

CREATE TABLE "bundles" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom MULTIPOLYGON,
    "bundle_id" TEXT, "name" TEXT, "mode" TEXT, "status" TEXT, "lead_unit" TEXT, "start" DATE,
    "finish" DATE, "saving_low_wan" REAL, "saving_mid_wan" REAL, "saving_high_wan" REAL,
    "reason_zh" TEXT, "reason_en" TEXT, "revision" INTEGER, "extra" TEXT);
CREATE UNIQUE INDEX digonce_bundles_key ON "bundles" ("bundle_id");

CREATE TABLE "finding_spans" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "finding_id" TEXT,
    "road" TEXT, "section_id" TEXT, "from_m" REAL, "to_m" REAL, "side" TEXT);
CREATE INDEX digonce_finding_spans_key ON "finding_spans" ("finding_id");
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('finding_spans',
    'attributes', 'finding_spans');

CREATE TABLE "rules_run" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "rule" TEXT, "ran"
    BOOLEAN, "missing" TEXT, "found" INTEGER);
CREATE UNIQUE INDEX digonce_rules_run_key ON "rules_run" ("rule");
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('rules_run', 'attributes',
    'rules_run');

CREATE TABLE "decisions" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "finding_id" TEXT,
    "revision" INTEGER, "actor" TEXT, "at" TEXT, "status" TEXT, "note" TEXT, "agreed_item" TEXT,
    "deadline" TEXT, "state" TEXT);
CREATE INDEX digonce_decisions_key ON "decisions" ("finding_id");
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('decisions', 'attributes',
    'decisions');

CREATE TABLE "stage_events" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "project_code" TEXT,
    "revision" INTEGER, "actor" TEXT, "at" TEXT, "stage_from" TEXT, "stage_to" TEXT, "reason"
    TEXT);
CREATE INDEX digonce_stage_events_key ON "stage_events" ("project_code");
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('stage_events',
    'attributes', 'stage_events');

CREATE TABLE "bundle_members" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "bundle_id" TEXT,
    "code" TEXT, "works_order" INTEGER, "role" TEXT, "reason_zh" TEXT, "reason_en" TEXT);
CREATE UNIQUE INDEX digonce_bundle_members_key ON "bundle_members" ("bundle_id", "code");
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('bundle_members',
    'attributes', 'bundle_members');

CREATE TABLE "checks" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "check_id" TEXT, "at" TEXT,
    "actor" TEXT, "data_revision" INTEGER, "policy_version" TEXT, "request" TEXT, "answer" TEXT);
CREATE UNIQUE INDEX digonce_checks_key ON "checks" ("check_id");
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('checks', 'attributes',
    'checks');

CREATE TABLE "units" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "code" TEXT, "name" TEXT,
    "name_en" TEXT, "department" TEXT, "sector" TEXT, "level" TEXT, "contact" TEXT);
CREATE UNIQUE INDEX digonce_units_key ON "units" ("code");
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('units', 'attributes',
    'units');

CREATE TABLE "towns" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "code" TEXT, "name" TEXT,
    "name_en" TEXT, "district" TEXT);
CREATE UNIQUE INDEX digonce_towns_key ON "towns" ("code");
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('towns', 'attributes',
    'towns');

CREATE TABLE "change_log" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "revision" INTEGER,
    "seq" INTEGER, "table_name" TEXT, "row_key" TEXT, "action" TEXT, "actor" TEXT, "at" TEXT,
    "before" TEXT, "after" TEXT);
CREATE UNIQUE INDEX digonce_change_log_key ON "change_log" ("revision", "seq");
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('change_log', 'attributes',
    'change_log');
