-- svar.db: everything that a desk has written down. Times are seconds since 1970-01-01T00:00:00Z; yes is 1, no is 0.
-- A fresh database runs this file; an old one is brought here step by step (src/store/migrate.rs) and must arrive at the same.
-- Ids are given out by the counters in `desk` and never again, not even after something is deleted.

-- The one row that says how far everything has come.
CREATE TABLE desk (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL,            -- goes up with each `svar restore`; part of every id that others see
    last_now INTEGER NOT NULL,         -- the time of the latest decision
    ticket INTEGER NOT NULL,           -- from here on: the highest id given out
    message INTEGER NOT NULL,
    customer INTEGER NOT NULL,
    parcel INTEGER NOT NULL,
    quarantine INTEGER NOT NULL,
    ask INTEGER NOT NULL,
    bulk INTEGER NOT NULL,
    letter INTEGER NOT NULL,
    source INTEGER NOT NULL,
    event INTEGER NOT NULL
) STRICT;
INSERT INTO desk VALUES (1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

-- Facts of the database itself: whose it is (machine, data_dir), halted, config_fingerprint, clocks_fingerprint, null_sender_refused:MAILBOX,
-- digests_since (when it was first looked whether one is due), sent_again:PARCEL (when: whether an earlier try was taken is unknown),
-- taken_away (how often something was erased), log_emptied (up to which of these times SQLite's log was emptied since).
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

---- custody: what came, as it came --------------------------------------------------------------------------------

-- A place that mail comes from. UIDVALIDITY is unique within one folder's history only, so the folder is part of the key.
CREATE TABLE source (
    no INTEGER PRIMARY KEY,
    host TEXT NOT NULL,                -- 'maildir' and 'pipe' for those
    user TEXT NOT NULL,
    folder TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    generation INTEGER NOT NULL,       -- goes up each time the server numbers its letters anew
    uidvalidity INTEGER,               -- NULL: not looked at yet
    cursor INTEGER NOT NULL,           -- the highest UID in custody or passed
    old_below INTEGER,                 -- letters with a lower UID lay there before svar looked
    old_until INTEGER,                 -- nothing received up to then is acknowledged (after a restore)
    first_seen_at INTEGER NOT NULL,
    reconciled_at INTEGER,
    UNIQUE (host, user, folder)
) STRICT;

CREATE TABLE letter (
    no INTEGER PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES source,
    generation INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    name TEXT,                         -- the Maildir file's or the pipe's key
    mailbox TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('mail', 'pipe', 'import')),
    folder TEXT NOT NULL CHECK (folder IN ('inbox', 'sent', 'answers')),
    received_at INTEGER NOT NULL,
    kept_at INTEGER NOT NULL,
    old INTEGER NOT NULL CHECK (old IN (0, 1)),
    size_bytes INTEGER NOT NULL,       -- what the server states
    truncated INTEGER NOT NULL CHECK (truncated IN (0, 1)),
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    digest INTEGER NOT NULL,           -- the first 8 bytes of sha256, for the index
    attempts INTEGER NOT NULL,         -- at reading it
    state TEXT NOT NULL CHECK (state IN ('received', 'settled', 'quarantined')),
    fate TEXT CHECK (fate IN ('message', 'duplicate', 'quarantined', 'echo', 'done')),
    fate_no INTEGER,                   -- of the message, quarantine row or parcel
    fate_why TEXT,                     -- of 'done'
    released TEXT CHECK (released IN ('customer', 'recorded')),   -- left quarantine, to be taken for this
    released_for TEXT,                 -- and whose mail it is, where somebody has said so
    CHECK ((state = 'received') = (fate IS NULL)),
    UNIQUE (source, generation, uid)
) STRICT;
CREATE UNIQUE INDEX letter_name ON letter (source, name) WHERE name IS NOT NULL;
CREATE INDEX letter_received ON letter (no) WHERE state = 'received';
CREATE INDEX letter_digest ON letter (digest);

-- The raw mail, zstd. Nothing else is in here, so that nothing else has to step over it.
CREATE TABLE raw (
    letter INTEGER PRIMARY KEY REFERENCES letter,
    packed BLOB NOT NULL
) STRICT;

-- UIDs that the server would not hand over.
CREATE TABLE missing (
    source INTEGER NOT NULL REFERENCES source,
    generation INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (source, generation, uid)
) STRICT, WITHOUT ROWID;

-- Mail that svar could not or would not act on. The letter is kept whole.
CREATE TABLE quarantine (
    no INTEGER PRIMARY KEY,
    letter INTEGER NOT NULL REFERENCES letter,
    mailbox TEXT NOT NULL,
    from_address TEXT,
    subject TEXT NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    settled_at INTEGER,
    how TEXT CHECK (how IN ('released', 'dropped')),
    list_at INTEGER,                   -- when agents are told of a robot's mail, in a list; null: they were, or need not be
    CHECK ((settled_at IS NULL) = (how IS NULL)),
    CHECK (list_at IS NULL OR settled_at IS NULL)
) STRICT;
CREATE INDEX quarantine_list ON quarantine (list_at) WHERE list_at IS NOT NULL;
CREATE INDEX quarantine_open ON quarantine (no) WHERE settled_at IS NULL;
CREATE INDEX quarantine_at ON quarantine (at);

---- people ---------------------------------------------------------------------------------------------------------

CREATE TABLE customer (
    no INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE address (
    address TEXT PRIMARY KEY,
    customer INTEGER REFERENCES customer,   -- NULL: known only because mail to it bounced
    name TEXT NOT NULL,
    bounced_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX address_customer ON address (customer) WHERE customer IS NOT NULL;

-- Senders whose mail is set aside by an agent's word; any `#open` of the ticket, or a release from quarantine, undoes it.
CREATE TABLE blocked (
    address TEXT PRIMARY KEY,
    how TEXT NOT NULL CHECK (how IN ('spam', 'ignore')),
    verified INTEGER NOT NULL CHECK (verified IN (0, 1)),
    ticket INTEGER NOT NULL REFERENCES ticket,
    actor TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX blocked_ticket ON blocked (ticket);

-- What is known of agents (and of managers who get alarms) beyond the configuration.
CREATE TABLE agent (
    address TEXT PRIMARY KEY,
    away_until INTEGER,
    last_turn_at INTEGER,
    notified TEXT,                     -- JSON: the latest times at which he was told of a customer's message, oldest first
    alarmed TEXT                       -- the same of warnings and breach mails
) STRICT, WITHOUT ROWID;

-- Things that a person is told once in a while.
CREATE TABLE told (
    address TEXT NOT NULL,
    topic TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (address, topic)
) STRICT, WITHOUT ROWID;
CREATE INDEX told_at ON told (at);

-- Since when a mailbox could not be read, and until when. Nothing shorter than five minutes stays.
CREATE TABLE outage (
    mailbox TEXT NOT NULL,
    from_at INTEGER NOT NULL,
    to_at INTEGER,                     -- NULL: it lasts still
    PRIMARY KEY (mailbox, from_at)
) STRICT, WITHOUT ROWID;

-- In which mode a mailbox was last seen: what a change of it brings is done once.
CREATE TABLE mode (
    mailbox TEXT PRIMARY KEY,
    mode TEXT NOT NULL CHECK (mode IN ('desk', 'watch')),
    since_at INTEGER NOT NULL,
    told INTEGER NOT NULL CHECK (told IN (0, 1))   -- managers know what the days before the first watch have left, or need not
) STRICT, WITHOUT ROWID;

-- Practice mails to agents (`svar check --agents`) and what came of the reply. They belong to no ticket; kept a month.
CREATE TABLE practice (
    no INTEGER PRIMARY KEY,            -- from the same counter as parcels
    agent TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    message_id TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    refused TEXT,                      -- why it could not be sent
    came_at INTEGER,
    came TEXT,                         -- JSON: the reply, judged
    CHECK ((came_at IS NULL) = (came IS NULL))
) STRICT;

-- What ails the desk itself, as long as it does; managers are told once, and again each day.
CREATE TABLE ailment (
    key TEXT PRIMARY KEY,              -- `unread support`, `secret support 7`
    since_at INTEGER NOT NULL,
    told_at INTEGER                    -- last; NULL: not yet
) STRICT, WITHOUT ROWID;

-- Digests that were made for a manager: each comes once, and later ones say what has become of what was told.
CREATE TABLE digest (
    address TEXT NOT NULL,             -- the manager's first
    kind TEXT NOT NULL CHECK (kind IN ('daily', 'weekly', 'monthly')),
    first_day TEXT NOT NULL,           -- 2026-12-08; the days that it covers, both inclusive
    last_day TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    parcel INTEGER,                    -- NULL: nothing was sent, the desk began after it was due
    within INTEGER NOT NULL,           -- responses within their targets, as told
    counted INTEGER NOT NULL,          -- of so many
    PRIMARY KEY (address, kind, first_day)
) STRICT, WITHOUT ROWID;

-- Automatic mails to customers and strangers, for the limits; kept two days.
CREATE TABLE automatic (
    no INTEGER PRIMARY KEY,
    address TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX automatic_address ON automatic (address, at);
CREATE INDEX automatic_at ON automatic (at);

---- tickets --------------------------------------------------------------------------------------------------------

CREATE TABLE ticket (
    number INTEGER PRIMARY KEY,
    subject TEXT NOT NULL,
    base_subject TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'pending', 'held', 'closed', 'spam', 'merged')),
    mailbox TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('mail', 'pipe', 'import')),
    customer INTEGER REFERENCES customer,
    customer_name TEXT,                -- as she wrote last on this ticket
    customer_address TEXT,
    assignee TEXT,                     -- an agent's first address
    turn_agent TEXT,                   -- the agent to whom it last went in turn
    priority TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    closed_at INTEGER,
    waiting_since INTEGER,             -- when the oldest unanswered customer message came
    due_at INTEGER,                    -- when the target of that answer is used up
    late_at INTEGER,                   -- when it is past: the next open second; both follow from the steps and the configuration
    promised_at INTEGER,               -- until when the acknowledgement has promised an answer
    call_at INTEGER,                   -- when the customer wants to be called: while she waits, this is due_at
    call_phone TEXT,                   -- and where
    look_at INTEGER,                   -- when its clocks are to be looked at next; in the past: at once. Follows like the above
    hold_until INTEGER,
    survivor INTEGER REFERENCES ticket,
    epoch INTEGER NOT NULL,
    serial INTEGER NOT NULL,           -- goes up to make signed addresses worthless
    answers INTEGER NOT NULL,          -- accepted by SMTP, found, or given by telephone
    last_answer INTEGER,               -- the newest `out` message
    last_in INTEGER,                   -- the message that an answer threads under
    CHECK ((state = 'merged') = (survivor IS NOT NULL)),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CHECK ((customer_name IS NULL) = (customer_address IS NULL))
) STRICT;
CREATE INDEX ticket_open ON ticket (number) WHERE state IN ('open', 'pending', 'held');
-- History closes by nobody's clock: when it was over is not known.
CREATE INDEX ticket_pending ON ticket (mailbox, updated_at) WHERE state = 'pending' AND waiting_since IS NULL AND channel <> 'import';
CREATE INDEX ticket_held ON ticket (hold_until) WHERE state = 'held';
CREATE INDEX ticket_due ON ticket (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ticket_look ON ticket (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX ticket_late ON ticket (late_at) WHERE late_at IS NOT NULL;
CREATE INDEX ticket_over ON ticket (updated_at, created_at, mailbox, survivor) WHERE state IN ('closed', 'spam', 'merged');
CREATE INDEX ticket_customer ON ticket (customer) WHERE customer IS NOT NULL;
CREATE INDEX ticket_survivor ON ticket (survivor) WHERE survivor IS NOT NULL;
CREATE INDEX ticket_assignee ON ticket (assignee) WHERE assignee IS NOT NULL;
CREATE INDEX ticket_created ON ticket (created_at);

CREATE TABLE tag (
    ticket INTEGER NOT NULL REFERENCES ticket,
    tag TEXT NOT NULL,
    PRIMARY KEY (ticket, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_ticket ON tag (tag, ticket);

-- People on Cc who take part.
CREATE TABLE participant (
    ticket INTEGER NOT NULL REFERENCES ticket,
    address TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (ticket, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX participant_address ON participant (address, ticket);

-- Shown to agents as possibly related; each pair stands here both ways.
CREATE TABLE related (
    ticket INTEGER NOT NULL REFERENCES ticket,
    other INTEGER NOT NULL REFERENCES ticket,
    PRIMARY KEY (ticket, other)
) STRICT, WITHOUT ROWID;

-- One mail or note on a ticket.
CREATE TABLE message (
    no INTEGER PRIMARY KEY,
    ticket INTEGER NOT NULL REFERENCES ticket,
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out', 'note', 'auto')),
    kind TEXT NOT NULL CHECK (kind IN ('person', 'auto', 'bounce', 'list')),
    letter INTEGER REFERENCES letter,
    event INTEGER NOT NULL,            -- the last event before it: the order among events
    at INTEGER NOT NULL,               -- received; of what goes out: decided, then accepted by SMTP
    sent_at INTEGER,                   -- what the sender claims
    accepted_at INTEGER,               -- of an answer: from here on it counts
    counts INTEGER NOT NULL CHECK (counts IN (0, 1)),
    found INTEGER NOT NULL CHECK (found IN (0, 1)),   -- an answer that left without us, read later
    verified INTEGER NOT NULL CHECK (verified IN (0, 1)),
    from_name TEXT,
    from_address TEXT,
    agent TEXT,
    message_id TEXT,
    sameness TEXT NOT NULL,
    thread_index TEXT,
    language TEXT,
    subject TEXT NOT NULL,
    to_parties TEXT NOT NULL,          -- JSON: [[name, address]], fit for the search index as it stands
    cc_parties TEXT NOT NULL,
    "references" TEXT NOT NULL,        -- JSON: Message-IDs that it answers, newest first
    attachments TEXT NOT NULL,         -- JSON: [{name, type, size, inline, content_id, sha256}]
    files TEXT NOT NULL,               -- their names, one a line
    defects TEXT NOT NULL,             -- JSON: words
    new_text TEXT,                     -- NULL: the same as `text`
    text TEXT NOT NULL,
    CHECK ((from_name IS NULL) = (from_address IS NULL))
) STRICT;
-- Holds all that clocks ask of messages, so that figures do not step over their texts.
CREATE INDEX message_ticket ON message (ticket, direction, counts, found, event, at, accepted_at, agent);
CREATE INDEX message_robots ON message (at) WHERE direction = 'in' AND kind <> 'person';
CREATE INDEX message_thread_index ON message (thread_index) WHERE thread_index IS NOT NULL;

-- Message-IDs. `hash` is the first 8 bytes of a SHA-256; what is found is compared with the text it stands for.
-- role 1: borne by message `no`; 2: borne by parcel `no`; 3: borne by message `no`, hashed together with its sameness;
-- 4: named by message `no` as answered, and not on record when it came; 5: letter `no` of one of us was acted upon, hashed like 3.
CREATE TABLE ref (
    hash INTEGER NOT NULL,
    role INTEGER NOT NULL CHECK (role IN (1, 2, 3, 4, 5)),
    no INTEGER NOT NULL,
    PRIMARY KEY (hash, role, no)
) STRICT, WITHOUT ROWID;

-- Runs of words of notes, hashed: a mail to a customer that has one of them is held and its writer asked.
CREATE TABLE note_shingle (
    hash INTEGER NOT NULL,
    message INTEGER NOT NULL REFERENCES message,
    PRIMARY KEY (hash, message)
) STRICT, WITHOUT ROWID;
CREATE INDEX note_shingle_message ON note_shingle (message);

-- What happened. Holds no address, subject or text beyond `actor`.
CREATE TABLE event (
    ticket INTEGER NOT NULL REFERENCES ticket,
    no INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (ticket, no)
) STRICT, WITHOUT ROWID;

-- How fast a mailbox has answered of late, for promises to customers. Computed anew every hour.
CREATE TABLE expectation (
    mailbox TEXT PRIMARY KEY,
    made_at INTEGER NOT NULL,
    open_s INTEGER,                    -- four answers in five took no longer, in open time; NULL: too few to tell
    most_waiting INTEGER NOT NULL      -- with more customers waiting than that nothing is promised
) STRICT, WITHOUT ROWID;

-- Alarms that have been raised, each once for a clock. A clock whose start has moved back since (a merger) is the same one.
CREATE TABLE alarm (
    ticket INTEGER NOT NULL REFERENCES ticket,
    wait TEXT NOT NULL CHECK (wait IN ('response', 'resolution')),
    started_at INTEGER NOT NULL,       -- the clock's
    stage TEXT NOT NULL CHECK (stage IN ('warning', 'widened', 'breach', 'late-note')),
    person TEXT,                       -- who alone was warned
    at INTEGER NOT NULL,
    PRIMARY KEY (ticket, wait, started_at, stage)
) STRICT, WITHOUT ROWID;

-- What one of us is to be told later: when his hours begin, or in a list. Judged anew when it is due.
CREATE TABLE notice (
    person TEXT NOT NULL,              -- first address
    kind TEXT NOT NULL CHECK (kind IN ('message', 'warning', 'breach')),
    ticket INTEGER NOT NULL REFERENCES ticket,
    message INTEGER NOT NULL REFERENCES message,
    due_at INTEGER,                    -- NULL: was in a list; kept until the ticket is taken or nobody waits
    gathered INTEGER NOT NULL CHECK (gathered IN (0, 1)),
    created_at INTEGER NOT NULL,
    matter TEXT NOT NULL,              -- JSON
    attachments TEXT NOT NULL,         -- JSON, as in `message`
    PRIMARY KEY (person, kind, ticket, message)
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_due ON notice (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX notice_gathered ON notice (person, kind, due_at) WHERE gathered = 1 AND due_at IS NOT NULL;
CREATE INDEX notice_ticket ON notice (ticket);
CREATE INDEX notice_message ON notice (message);

-- Attachments of messages of which somebody is to be told later.
CREATE TABLE notice_blob (
    message INTEGER NOT NULL REFERENCES message,
    blob INTEGER NOT NULL REFERENCES blob,
    PRIMARY KEY (message, blob)
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_blob_blob ON notice_blob (blob);

-- Things that wait for an agent's `#send`.
CREATE TABLE ask (
    no INTEGER PRIMARY KEY,
    ticket INTEGER REFERENCES ticket,
    agent TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    settled_at INTEGER,
    how TEXT,
    matter TEXT NOT NULL,              -- JSON
    CHECK ((settled_at IS NULL) = (how IS NULL))
) STRICT;
CREATE INDEX ask_open ON ask (expires_at) WHERE settled_at IS NULL;

-- Attachments of held answers, kept while these wait.
CREATE TABLE ask_blob (
    ask INTEGER NOT NULL REFERENCES ask,
    blob INTEGER NOT NULL REFERENCES blob,
    PRIMARY KEY (ask, blob)
) STRICT, WITHOUT ROWID;
CREATE INDEX ask_blob_blob ON ask_blob (blob);

---- incidents: what many customers write about at once ---------------------------------------------------------------

CREATE TABLE incident (
    no INTEGER PRIMARY KEY,            -- of the question whose `#send` began it, so that none is given out twice
    name TEXT NOT NULL,
    tag TEXT NOT NULL,                 -- of its tickets; follows from the name
    pattern TEXT NOT NULL,
    matter TEXT NOT NULL,              -- JSON: what customers get
    mailboxes TEXT NOT NULL,           -- JSON: whose mail is looked at
    mailbox TEXT NOT NULL,             -- reports about it come from here
    agent TEXT NOT NULL,               -- first address of its author
    epoch INTEGER NOT NULL,            -- in another nothing is sent in its name: see `svar restore`
    started_at INTEGER NOT NULL,
    until_at INTEGER NOT NULL,         -- it ends by itself
    ended_at INTEGER,                  -- NULL: it is on
    bulk INTEGER REFERENCES bulk       -- the answer to all of its tickets; it ends when that begins, and nobody is told before that is over
) STRICT;
CREATE INDEX incident_open ON incident (until_at) WHERE ended_at IS NULL;
CREATE INDEX incident_tag ON incident (tag);

-- The tickets of incidents. One belongs to one.
CREATE TABLE linked (
    ticket INTEGER PRIMARY KEY REFERENCES ticket,
    incident INTEGER NOT NULL REFERENCES incident,
    at INTEGER NOT NULL,
    message INTEGER REFERENCES message,   -- the incident's text to the customer; NULL: she got none
    quiet INTEGER NOT NULL CHECK (quiet IN (0, 1)),   -- nobody is told of it singly; of an incident that is over: still to be told
    replied_at INTEGER
) STRICT;
CREATE INDEX linked_incident ON linked (incident);
CREATE INDEX linked_quiet ON linked (incident, ticket) WHERE quiet = 1;

---- canned answers -------------------------------------------------------------------------------------------------

-- Every version of every canned answer, also those that are broken. In use of a name and language is the newest good one, unless one
-- that is gone is newer; a file's before a mail's.
CREATE TABLE canned (
    no INTEGER PRIMARY KEY,
    origin TEXT NOT NULL CHECK (origin IN ('file', 'mail')),
    name TEXT NOT NULL,                -- as it is typed behind `#canned`
    language TEXT NOT NULL,            -- '': for every language that has none of its own
    standing TEXT NOT NULL CHECK (standing IN ('good', 'broken', 'gone')),
    at INTEGER NOT NULL,
    author TEXT,                       -- who mailed it
    letter INTEGER REFERENCES letter,
    title TEXT NOT NULL,
    text TEXT NOT NULL,                -- all of it, as written
    CHECK ((origin = 'mail') = (letter IS NOT NULL))
) STRICT;
CREATE INDEX canned_name ON canned (origin, name, language, no);

-- Discount codes that were taken out of their files: one customer's each, for good.
CREATE TABLE code (
    code TEXT PRIMARY KEY,
    ticket INTEGER NOT NULL REFERENCES ticket,
    taken_at INTEGER NOT NULL,
    message INTEGER REFERENCES message -- the answer that it leaves with; NULL: the next answer on the ticket takes it
) STRICT, WITHOUT ROWID;
CREATE INDEX code_held ON code (ticket) WHERE message IS NULL;
CREATE INDEX code_message ON code (message) WHERE message IS NOT NULL;

---- outbox ---------------------------------------------------------------------------------------------------------

CREATE TABLE parcel (
    no INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('answer', 'ask', 'confirm', 'notify', 'acknowledge', 'report', 'bulk')),
    rank INTEGER NOT NULL,             -- the place of `kind` in the order of sending
    state TEXT NOT NULL CHECK (state IN ('queued', 'claimed', 'sent', 'held', 'failed', 'dropped')),
    ticket INTEGER REFERENCES ticket,
    message INTEGER REFERENCES message,
    agent TEXT,
    ask INTEGER REFERENCES ask,        -- what waits for the `#send` that it asks for
    mailbox TEXT NOT NULL,
    route TEXT NOT NULL CHECK (route IN ('mailbox', 'notify')),
    sender TEXT,                       -- the envelope sender; NULL: empty
    sender_or TEXT,                    -- instead of an empty one, where the server refuses that
    recipients TEXT NOT NULL,          -- JSON: [{address, state, last_error}]
    message_id TEXT NOT NULL,
    keep_in_sent INTEGER NOT NULL CHECK (keep_in_sent IN (0, 1)),
    copied_at INTEGER,                 -- when the copy was in the Sent folder
    created_at INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    last_error TEXT,
    settled_at INTEGER,                -- sent, failed or dropped
    CHECK (sender IS NULL OR sender_or IS NULL)
) STRICT;
CREATE INDEX parcel_due ON parcel (mailbox, route, rank, next_at) WHERE state = 'queued';
CREATE INDEX parcel_next ON parcel (next_at) WHERE state = 'queued';
CREATE INDEX parcel_aside ON parcel (state) WHERE state IN ('claimed', 'held', 'failed');
CREATE INDEX parcel_copy ON parcel (no) WHERE state = 'sent' AND keep_in_sent = 1 AND copied_at IS NULL;

-- The finished bytes. Gone once a mail that is no answer is sent or dropped.
CREATE TABLE parcel_bytes (
    parcel INTEGER PRIMARY KEY REFERENCES parcel,
    layout TEXT NOT NULL,              -- JSON: a number, so many of the own bytes; a text, that blob in base64
    bytes BLOB NOT NULL                -- the own bytes, one after the other
) STRICT;

-- Attachments, stored once for all parcels that carry them.
CREATE TABLE blob (
    no INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE blob_use (
    blob INTEGER NOT NULL REFERENCES blob,
    parcel INTEGER NOT NULL REFERENCES parcel,
    PRIMARY KEY (blob, parcel)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_use_parcel ON blob_use (parcel);

-- Mails handed over, by minute, where the configuration limits them; kept two days.
CREATE TABLE handed_over (
    mailbox TEXT NOT NULL,
    minute INTEGER NOT NULL,           -- its first second
    mails INTEGER NOT NULL,
    PRIMARY KEY (mailbox, minute)
) STRICT, WITHOUT ROWID;

---- one text to many tickets ---------------------------------------------------------------------------------------

CREATE TABLE bulk (
    no INTEGER PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('wanted', 'checked', 'asked', 'running', 'stopping', 'over', 'dropped')),
    agent TEXT,                        -- first address of whoever wants it; NULL: the shell
    actor TEXT NOT NULL,
    mailbox TEXT NOT NULL,             -- previews and reports come from it
    mailboxes TEXT NOT NULL,           -- JSON: whose tickets it may reach
    query TEXT NOT NULL,               -- as it was typed
    subject TEXT NOT NULL,             -- of the mail that asked for it
    matter TEXT NOT NULL,              -- JSON: what is said; a canned answer as it was then
    answers INTEGER NOT NULL CHECK (answers IN (0, 1)),
    ask INTEGER REFERENCES ask,        -- the latest preview's
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    why TEXT NOT NULL                  -- who stopped it, or why it cannot be
) STRICT;
CREATE INDEX bulk_open ON bulk (no) WHERE state IN ('wanted', 'checked', 'asked', 'running', 'stopping');

-- Its tickets, each as it was when it was shown: one that is not so any more is left out.
CREATE TABLE bulk_ticket (
    bulk INTEGER NOT NULL REFERENCES bulk,
    ticket INTEGER NOT NULL REFERENCES ticket,
    leader INTEGER NOT NULL,           -- the ticket on which the same customer gets her mail
    step TEXT NOT NULL CHECK (step IN ('found', 'ready', 'joined', 'queued', 'sent', 'failed', 'left-out', 'stopped')),
    why TEXT NOT NULL,                 -- why it is left out
    language TEXT NOT NULL,
    state TEXT NOT NULL,               -- the ticket's
    serial INTEGER NOT NULL,
    last_in INTEGER,
    last_answer INTEGER,
    message INTEGER,                   -- its own mail
    parcel INTEGER,
    left_in TEXT,                      -- the state in which its mail leaves the ticket
    PRIMARY KEY (bulk, ticket)
) STRICT, WITHOUT ROWID;
CREATE INDEX bulk_ticket_step ON bulk_ticket (bulk, step, ticket, parcel);
CREATE INDEX bulk_ticket_leader ON bulk_ticket (bulk, leader, step);
CREATE INDEX bulk_ticket_parcel ON bulk_ticket (parcel) WHERE parcel IS NOT NULL;

---- people's rights ------------------------------------------------------------------------------------------------

-- Who exported or erased what. Rows are added and never changed; svar has no command that could. `svar restore` carries them over.
CREATE TABLE audit_log (
    no INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,               -- 'shell:anna', 'manager:ADDR', 'retention'
    act TEXT NOT NULL,                 -- 'export', 'erase', 'retention', 'restore'
    subject TEXT NOT NULL,             -- the keyed hash of an address, as in the file `erased`; of 'retention' a mailbox
    detail TEXT NOT NULL               -- JSON: counts
) STRICT;

-- Backups that were made, as erasure cannot reach them.
CREATE TABLE backup (
    no INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    made_at INTEGER NOT NULL
) STRICT;

-- How far `retention` has come: what was last written to before that is erased.
CREATE TABLE retention (
    mailbox TEXT PRIMARY KEY,
    until_at INTEGER NOT NULL,
    asked_until INTEGER                -- a manager was asked for so much more
) STRICT, WITHOUT ROWID;

-- What a manager has allowed by mail and nobody has carried out yet.
CREATE TABLE rights_task (
    no INTEGER PRIMARY KEY,
    act TEXT NOT NULL CHECK (act IN ('export', 'erase', 'retention')),
    subject TEXT NOT NULL,             -- an address, or a mailbox
    until_at INTEGER NOT NULL,         -- of 'retention': what was last written to before that
    asked_by TEXT NOT NULL,            -- the manager
    at INTEGER NOT NULL
) STRICT;

---- search ---------------------------------------------------------------------------------------------------------

-- FTS5 allows no table-valued function in here.
CREATE VIEW search_text (no, subject, sender, people, body, files) AS
SELECT no, subject, coalesce(from_name || ' ' || from_address, ''), to_parties || ' ' || cc_parties, coalesce(new_text, text), files
FROM message;

-- Holds no text of its own, only the index over `search_text`.
CREATE VIRTUAL TABLE search USING fts5 (
    subject, sender, people, body, files,
    content = 'search_text', content_rowid = 'no', tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
INSERT INTO search (search, rank) VALUES ('automerge', 4);
