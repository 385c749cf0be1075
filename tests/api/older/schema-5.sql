BEGIN TRANSACTION;
CREATE TABLE case_events (
	tenant VARCHAR(256) NOT NULL, 
	case_id VARCHAR(256) NOT NULL, 
	number INTEGER NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	"by" VARCHAR(256) NOT NULL, 
	roles JSON NOT NULL, 
	move VARCHAR(256) NOT NULL, 
	"from" VARCHAR(256), 
	"to" VARCHAR(256) NOT NULL, 
	note TEXT, 
	data JSON NOT NULL, 
	PRIMARY KEY (tenant, case_id, number)
);
INSERT INTO "case_events" VALUES('shop','cs_1',1,'2026-11-03T02:00:00.000+00:00','S001','[]','open',NULL,'open',NULL,'{}');
CREATE TABLE cases (
	tenant VARCHAR(256) NOT NULL, 
	id VARCHAR(256) NOT NULL, 
	kind VARCHAR(256) NOT NULL, 
	state VARCHAR(256) NOT NULL, 
	subject VARCHAR(256), 
	title TEXT NOT NULL, 
	owner VARCHAR(256), 
	data JSON NOT NULL, 
	approvals JSON NOT NULL, 
	due_at VARCHAR(40), 
	revision INTEGER NOT NULL, 
	created_by VARCHAR(256) NOT NULL, 
	created_at VARCHAR(40) NOT NULL, 
	updated_at VARCHAR(40) NOT NULL, 
	PRIMARY KEY (tenant, id)
);
INSERT INTO "cases" VALUES('shop','cs_1','review','open','qs_1','复核','S001','{}','{}',NULL,1,'S001','2026-11-03T02:00:00.000+00:00','2026-11-03T02:00:00.000+00:00');
CREATE TABLE change_entries (
	tenant VARCHAR(256) NOT NULL, 
	change VARCHAR(256) NOT NULL, 
	entry_id VARCHAR(256) NOT NULL, 
	entry JSON, 
	base VARCHAR(256) NOT NULL, 
	"by" VARCHAR(256) NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	PRIMARY KEY (tenant, change, entry_id)
);
CREATE TABLE conversations (
	tenant VARCHAR(256) NOT NULL, 
	id VARCHAR(256) NOT NULL, 
	status VARCHAR(256) NOT NULL, 
	state JSON NOT NULL, 
	turns INTEGER NOT NULL, 
	revision INTEGER NOT NULL, 
	created_at VARCHAR(40) NOT NULL, 
	updated_at VARCHAR(40) NOT NULL, 
	PRIMARY KEY (tenant, id)
);
CREATE TABLE decisions (
	tenant VARCHAR(256) NOT NULL, 
	id VARCHAR(256) NOT NULL, 
	kind VARCHAR(256) NOT NULL, 
	subject VARCHAR(256), 
	customer VARCHAR(256), 
	at VARCHAR(40) NOT NULL, 
	request JSON NOT NULL, 
	reply JSON NOT NULL, 
	PRIMARY KEY (tenant, id)
);
INSERT INTO "decisions" VALUES('shop','se_1','search',NULL,NULL,'2026-11-03T02:00:00.000+00:00','{"query": "\u9000\u6b3e"}','{"id": "se_1", "hits": []}');
CREATE TABLE drafts (
	tenant VARCHAR(256) NOT NULL, 
	entry_id VARCHAR(256) NOT NULL, 
	entry JSON, 
	"by" VARCHAR(256) NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	PRIMARY KEY (tenant, entry_id)
);
CREATE TABLE events (
	id INTEGER NOT NULL, 
	tenant VARCHAR(256) NOT NULL, 
	conversation_id VARCHAR(256) NOT NULL, 
	type VARCHAR(256) NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	data JSON NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE feedback (
	tenant VARCHAR(256) NOT NULL, 
	id VARCHAR(256) NOT NULL, 
	kind VARCHAR(256) NOT NULL, 
	subject VARCHAR(256) NOT NULL, 
	actor VARCHAR(256) NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	data JSON NOT NULL, 
	PRIMARY KEY (tenant, id)
);
CREATE TABLE frozen (
	tenant VARCHAR(256) NOT NULL, 
	entry_id VARCHAR(256) NOT NULL, 
	reason TEXT NOT NULL, 
	"by" VARCHAR(256) NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	PRIMARY KEY (tenant, entry_id)
);
CREATE TABLE idempotency (
	tenant VARCHAR(256) NOT NULL, 
	"key" VARCHAR(256) NOT NULL, 
	digest VARCHAR(256) NOT NULL, 
	status INTEGER NOT NULL, 
	reply JSON NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	PRIMARY KEY (tenant, "key")
);
INSERT INTO "idempotency" VALUES('shop','key-1','digest',200,'{"id": "x"}','2026-11-03T02:00:00.000+00:00');
CREATE TABLE imports (
	tenant VARCHAR(256) NOT NULL, 
	file VARCHAR(256) NOT NULL, 
	"key" VARCHAR(256) NOT NULL, 
	entry_id VARCHAR(256) NOT NULL, 
	title TEXT NOT NULL, 
	digest VARCHAR(256) NOT NULL, 
	words VARCHAR(256) NOT NULL, 
	PRIMARY KEY (tenant, file, "key")
);
CREATE TABLE jobs (
	tenant VARCHAR(256) NOT NULL, 
	id VARCHAR(256) NOT NULL, 
	kind VARCHAR(256) NOT NULL, 
	state VARCHAR(256) NOT NULL, 
	done INTEGER NOT NULL, 
	total INTEGER, 
	data JSON NOT NULL, 
	error TEXT, 
	attempts INTEGER NOT NULL, 
	cancel BOOLEAN NOT NULL, 
	lease VARCHAR(256), 
	lease_until FLOAT, 
	"by" VARCHAR(256) NOT NULL, 
	created_at VARCHAR(40) NOT NULL, 
	started_at VARCHAR(40), 
	finished_at VARCHAR(40), 
	PRIMARY KEY (tenant, id)
);
CREATE TABLE keys (
	tenant VARCHAR(256) NOT NULL, 
	id VARCHAR(256) NOT NULL, 
	digest VARCHAR(256) NOT NULL, 
	scope VARCHAR(256) NOT NULL, 
	actor JSON NOT NULL, 
	created_at VARCHAR(40) NOT NULL, 
	expires_at VARCHAR(40), 
	revoked_at VARCHAR(40), 
	PRIMARY KEY (tenant, id), 
	UNIQUE (digest)
);
CREATE TABLE lexicons (
	tenant VARCHAR(256) NOT NULL, 
	since INTEGER NOT NULL, 
	lines JSON NOT NULL, 
	PRIMARY KEY (tenant, since)
);
CREATE TABLE meta (
	name VARCHAR(256) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('schema','5');
CREATE TABLE outgoing (
	tenant VARCHAR(256) NOT NULL, 
	entry_id VARCHAR(256) NOT NULL, 
	"key" VARCHAR(256) NOT NULL, 
	PRIMARY KEY (tenant, entry_id, "key")
);
CREATE TABLE releases (
	tenant VARCHAR(256) NOT NULL, 
	seq INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	"by" VARCHAR(256) NOT NULL, 
	note TEXT NOT NULL, 
	PRIMARY KEY (tenant, seq)
);
CREATE TABLE results (
	tenant VARCHAR(256) NOT NULL, 
	id VARCHAR(256) NOT NULL, 
	transcript_id VARCHAR(256) NOT NULL, 
	form VARCHAR(256) NOT NULL, 
	version VARCHAR(256) NOT NULL, 
	agent VARCHAR(256), 
	score FLOAT, 
	grade VARCHAR(256), 
	veto BOOLEAN NOT NULL, 
	failed JSON NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	result JSON NOT NULL, 
	PRIMARY KEY (tenant, id)
);
INSERT INTO "results" VALUES('shop','qs_1','talk-1','standard','2026.11','A012',80.0,'良好',0,'["forbidden_word"]','2026-11-01T02:00:00.000+00:00','{"id": "qs_1", "transcript_id": "talk-1", "form": {"code": "standard", "version": "2026.11"}, "score": 80.0, "grade": "\u826f\u597d", "grade_name": "\u826f\u597d", "veto": false, "category": "refund", "dimensions": [{"code": "wording", "name": "\u8bdd\u672f\u89c4\u8303", "points": 80.0, "max": 100}], "items": [{"code": "greeting", "name": "\u5f00\u573a\u95ee\u5019", "result": "pass", "points": 80.0, "max": 20.0, "reason": "", "evidence": []}, {"code": "forbidden_word", "name": "\u670d\u52a1\u7981\u8bed", "result": "fail", "points": 0, "max": 6, "reason": "", "evidence": []}], "satisfaction": {"value": 1.5, "confidence": 0.6}, "summary": {"request": null, "steps": [], "outcome": null}}');
INSERT INTO "results" VALUES('shop','qs_2','talk-1','standard','2026.11','A012',90.0,'良好',0,'[]','2026-11-02T02:00:00.000+00:00','{"id": "qs_2", "transcript_id": "talk-1", "form": {"code": "standard", "version": "2026.11"}, "score": 90.0, "grade": "\u826f\u597d", "grade_name": "\u826f\u597d", "veto": false, "category": "refund", "dimensions": [{"code": "wording", "name": "\u8bdd\u672f\u89c4\u8303", "points": 90.0, "max": 100}], "items": [{"code": "greeting", "name": "\u5f00\u573a\u95ee\u5019", "result": "pass", "points": 90.0, "max": 10.0, "reason": "", "evidence": []}, {"code": "forbidden_word", "name": "\u670d\u52a1\u7981\u8bed", "result": "pass", "points": 0, "max": 6, "reason": "", "evidence": []}], "satisfaction": {"value": 1.5, "confidence": 0.6}, "summary": {"request": null, "steps": [], "outcome": null}}');
INSERT INTO "results" VALUES('shop','qs_3','talk-2','standard','2026.11','A013',70.0,'良好',0,'["forbidden_word"]','2026-11-03T02:00:00.000+00:00','{"id": "qs_3", "transcript_id": "talk-2", "form": {"code": "standard", "version": "2026.11"}, "score": 70.0, "grade": "\u826f\u597d", "grade_name": "\u826f\u597d", "veto": false, "category": "refund", "dimensions": [{"code": "wording", "name": "\u8bdd\u672f\u89c4\u8303", "points": 70.0, "max": 100}], "items": [{"code": "greeting", "name": "\u5f00\u573a\u95ee\u5019", "result": "pass", "points": 70.0, "max": 30.0, "reason": "", "evidence": []}, {"code": "forbidden_word", "name": "\u670d\u52a1\u7981\u8bed", "result": "fail", "points": 0, "max": 6, "reason": "", "evidence": []}], "satisfaction": {"value": 1.5, "confidence": 0.6}, "summary": {"request": null, "steps": [], "outcome": null}}');
CREATE TABLE revisions (
	tenant VARCHAR(256) NOT NULL, 
	entry_id VARCHAR(256) NOT NULL, 
	since INTEGER NOT NULL, 
	until INTEGER, 
	entry JSON NOT NULL, 
	PRIMARY KEY (tenant, entry_id, since)
);
CREATE TABLE scenes (
	tenant VARCHAR(256) NOT NULL, 
	id VARCHAR(256) NOT NULL, 
	place INTEGER NOT NULL, 
	scene JSON NOT NULL, 
	PRIMARY KEY (tenant, id)
);
CREATE TABLE tenants (
	id VARCHAR(256) NOT NULL, 
	name TEXT NOT NULL, 
	created_at VARCHAR(40) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "tenants" VALUES('shop','小店','2026-11-03T02:00:00.000+00:00');
CREATE TABLE tombstones (
	tenant VARCHAR(256) NOT NULL, 
	entry_id VARCHAR(256) NOT NULL, 
	release VARCHAR(256) NOT NULL, 
	"by" VARCHAR(256) NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	PRIMARY KEY (tenant, entry_id)
);
CREATE TABLE turns (
	tenant VARCHAR(256) NOT NULL, 
	conversation_id VARCHAR(256) NOT NULL, 
	number INTEGER NOT NULL, 
	turn_id VARCHAR(256) NOT NULL, 
	turn JSON NOT NULL, 
	reply JSON NOT NULL, 
	PRIMARY KEY (tenant, conversation_id, number), 
	UNIQUE (tenant, conversation_id, turn_id)
);
CREATE INDEX revisions_live ON revisions (tenant, until, since);
CREATE INDEX decisions_subject ON decisions (tenant, kind, subject);
CREATE INDEX decisions_customer ON decisions (tenant, customer, at);
CREATE INDEX decisions_at ON decisions (tenant, kind, at);
CREATE INDEX feedback_at ON feedback (tenant, kind, at);
CREATE INDEX feedback_subject ON feedback (tenant, kind, subject);
CREATE INDEX conversations_at ON conversations (tenant, updated_at);
CREATE INDEX conversations_status ON conversations (tenant, status, updated_at);
CREATE INDEX events_conversation ON events (tenant, conversation_id, id);
CREATE INDEX events_tenant ON events (tenant, id);
CREATE INDEX jobs_open ON jobs (state, lease_until);
CREATE INDEX results_agent ON results (tenant, agent, at);
CREATE INDEX results_at ON results (tenant, at);
CREATE INDEX results_transcript ON results (tenant, transcript_id);
CREATE INDEX cases_owner ON cases (tenant, owner);
CREATE INDEX cases_subject ON cases (tenant, subject);
CREATE INDEX cases_due ON cases (tenant, due_at);
CREATE INDEX cases_state ON cases (tenant, kind, state, due_at);
COMMIT;
