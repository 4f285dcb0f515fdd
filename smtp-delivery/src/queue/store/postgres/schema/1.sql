-- The processes that share this queue. Who is not heard of until then is dead, and with its row all that
-- it held is free again.
CREATE TABLE node (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    until timestamptz NOT NULL
);

-- Who delivers to a destination, if anybody does now.
CREATE TABLE destination (
    name text COLLATE "C" PRIMARY KEY,
    node bigint NOT NULL REFERENCES node ON DELETE CASCADE
);
CREATE INDEX destination_node ON destination (node);

CREATE TABLE message (
    id text COLLATE "C" PRIMARY KEY,
    entry json NOT NULL,
    arrival timestamptz NOT NULL,
    release timestamptz NOT NULL,
    expires timestamptz NOT NULL,
    priority smallint NOT NULL,
    octets bigint NOT NULL,
    -- How many jobs it came with.
    jobs bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05);

-- What a message contains, in pieces that are numbered from 0.
CREATE TABLE content (
    message text COLLATE "C" NOT NULL REFERENCES message ON DELETE CASCADE,
    number integer NOT NULL,
    octets bytea NOT NULL,
    PRIMARY KEY (message, number)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

-- Mail is mostly base64 and small text: compressing it costs more than it saves.
ALTER TABLE content ALTER octets SET STORAGE EXTERNAL;

-- A name for each lease: who has another one has it no more.
CREATE SEQUENCE lease CACHE 100;

CREATE TABLE job (
    message text COLLATE "C" NOT NULL REFERENCES message ON DELETE CASCADE,
    number bigint NOT NULL,
    destination text COLLATE "C" NOT NULL,
    recipients json NOT NULL,
    due timestamptz NOT NULL,
    notice timestamptz NOT NULL,
    priority smallint NOT NULL,
    turn bigint NOT NULL,
    attempts bigint NOT NULL,
    told timestamptz,
    held boolean NOT NULL DEFAULT false,
    -- It stands in line: `due` is over, and somebody has noticed.
    ripe boolean NOT NULL,
    -- Who has it, under which lease, since when.
    node bigint REFERENCES node ON DELETE SET NULL,
    lease bigint,
    leased timestamptz,
    PRIMARY KEY (message, number)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

-- The line of each destination, and what will join it.
CREATE INDEX job_line ON job (destination, priority DESC, turn) WHERE ripe AND node IS NULL AND NOT held;
CREATE INDEX job_later ON job (destination, due) WHERE NOT ripe AND node IS NULL AND NOT held;
CREATE INDEX job_notice ON job (notice) WHERE node IS NULL AND NOT held;
CREATE INDEX job_node ON job (node, destination) WHERE node IS NOT NULL;
