-- Version 2: how sure a site's place is, other names of roads, and answers to questions.

ALTER TABLE sites ADD COLUMN place_confidence REAL;
ALTER TABLE sites ADD COLUMN inferred TEXT;
ALTER TABLE sites ADD COLUMN confirmed TEXT;

CREATE TABLE road_aliases (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, alias_id TEXT,
    alias TEXT, name TEXT, valid_from DATE, valid_to DATE, source TEXT);
CREATE UNIQUE INDEX digonce_road_aliases_key ON road_aliases (alias_id);
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('road_aliases', 'attributes',
    'road_aliases');

CREATE TABLE answers (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, key TEXT, kind TEXT,
    subject TEXT, answer TEXT, label TEXT, actor TEXT, at TEXT, revision INTEGER);
CREATE UNIQUE INDEX digonce_answers_key ON answers (key);
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('answers', 'attributes',
    'answers');
