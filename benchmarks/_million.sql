-- A year of play, the same every time: %(rounds)s rounds over 180 days, two or three lookups each, and all that hangs on them.
-- The keys are right by how they are made, so nothing checks them. Numbers that look thrown are taken from the row's own number by a multiplication that mixes them.
SET session_replication_role = replica;
SET synchronous_commit = off;
CREATE FUNCTION pg_temp.mixed(n bigint, salt int, most int) RETURNS int IMMUTABLE LANGUAGE sql AS
  $$ SELECT (((n * 2654435761 + salt * 40503) %% 4294967291) %% most)::int $$;
CREATE FUNCTION pg_temp.moment(n bigint) RETURNS timestamptz IMMUTABLE LANGUAGE sql AS
  $$ SELECT timestamptz '%(now)s' - interval '180 days' * (1 - n::float / %(rounds)s) $$;

INSERT INTO sticktionary_pack (slug, title, title_zh, source, licence, is_active, bonus_tasks, may_publish_pictures, created_at)
  VALUES ('bench', 'Bench', '', 'bench', 'CC0-1.0', true, '[]', true, '%(now)s');
INSERT INTO sticktionary_sticker (pack_id, name, state, sha256, perceptual_hash, original, image, poster, width, height, n_frames,
    duration_ms, printed_text, labels, source, licence, n_skips, created_at)
  SELECT 1, n || '.webp', CASE WHEN n %% 400 = 0 THEN 'halted' ELSE 'active' END, md5(n::text), '', '', 'a.webp', 'a.webp', 512, 512, 1,
    0, '', '{}', '', '', 0, '%(now)s' FROM generate_series(1, 5000) n;
INSERT INTO sticktionary_player (username, password, email, is_superuser, is_staff, is_active, date_joined, display_name, name_key,
    language, is_guest, on_board, points)
  SELECT 'player' || n, '!', '', false, false, true, '%(now)s', 'player ' || n, 'player ' || n,
    CASE WHEN n %% 2 = 0 THEN 'en' ELSE 'zh' END, false, true, 0 FROM generate_series(1, 20000) n;
UPDATE sticktionary_player SET practised_at = '%(now)s';
INSERT INTO sticktionary_round (sticker_id, language, source, state, labeler_id, dealt_at, lease_until, submitted_at, decided_at,
    results_hidden, model_version, taboo)
  SELECT 1 + pg_temp.mixed(n, 1, 5000), CASE WHEN n %% 2 = 0 THEN 'en' ELSE 'zh' END,
    CASE WHEN n < 20000 THEN 'house' WHEN n %% 50 = 0 THEN 'suggestion' ELSE 'play' END,
    CASE pg_temp.mixed(n, 2, 100) WHEN 0 THEN 'withdrawn' WHEN 1 THEN 'discarded' WHEN 2 THEN 'accepted' WHEN 3 THEN 'lapsed'
      WHEN 4 THEN 'skipped' ELSE CASE WHEN n > %(rounds)s - 2000 THEN 'open' WHEN pg_temp.mixed(n, 3, 5) = 0 THEN 'needs_review'
      ELSE 'found' END END,
    2 * (1 + pg_temp.mixed(n, 4, 9999)) + n %% 2 - 1, pg_temp.moment(n), null, pg_temp.moment(n) + interval '60 s',
    CASE WHEN n > %(rounds)s - 2000 THEN null ELSE pg_temp.moment(n) + interval '20 min' END, n %% 7 = 0, 'bench', '[]'
  FROM generate_series(1, %(rounds)s) n;
INSERT INTO sticktionary_query (round_id, text, normalised, position, nudges, novelty, pasted, added_at)
  SELECT n, 'query ' || pg_temp.mixed(n * 3 + k, 5, 200000), 'query ' || pg_temp.mixed(n * 3 + k, 5, 200000), k, '[]', 0.5, false,
    pg_temp.moment(n) + interval '10 s' * k
  FROM generate_series(1, %(rounds)s) n, generate_series(1, 2) k;
INSERT INTO sticktionary_retrieval (public_id, round_id, player_id, state, candidates, target_absent, is_gold, dealt_at, lease_until,
    answered_at, picks, none_of_these, rank, n_points, model_version)
  SELECT gen_random_uuid(), n, 1 + (pg_temp.mixed(n, 6, 10000) + k * 5000) %% 20000, 'answered', '[]', pg_temp.mixed(n + k, 7, 12) = 0,
    pg_temp.mixed(n + k, 8, 20) = 0, pg_temp.moment(n) + interval '5 min' * k, pg_temp.moment(n) + interval '15 min',
    pg_temp.moment(n) + interval '5 min' * k + interval '25 s',
    jsonb_build_array(1 + pg_temp.mixed(n + k, 9, 5000), 1 + pg_temp.mixed(n, 1, 5000)), false, 2, 60, 'bench'
  FROM generate_series(1, %(rounds)s) n, generate_series(1, 2) k;
INSERT INTO sticktionary_gold (round_id, promoted_at, n_exposures)
  SELECT id, decided_at, id %% 20 FROM sticktionary_round WHERE state = 'found' AND pg_temp.mixed(id, 15, 100) = 0;
INSERT INTO sticktionary_sitting (player_id, is_practice, started_at, ended_at)
  SELECT 1 + pg_temp.mixed(n, 10, 20000), false, pg_temp.moment(n * 2), pg_temp.moment(n * 2) + interval '9 min'
  FROM generate_series(1, %(rounds)s / 2) n;
INSERT INTO sticktionary_turn (sitting_id, number, role, state, round_id, dealt_at, ended_at)
  SELECT (n + 1) / 2, 1 + n %% 2, 'labeler', 'done', n, pg_temp.moment(n), pg_temp.moment(n) + interval '60 s'
  FROM generate_series(1, %(rounds)s) n;
INSERT INTO sticktionary_turn (sitting_id, number, role, state, round_id, retrieval_id, dealt_at, ended_at)
  SELECT (round_id + 1) / 2, 3 + row_number() OVER (PARTITION BY (round_id + 1) / 2 ORDER BY id) - 1, 'retriever', 'done', round_id, id,
    dealt_at, answered_at FROM sticktionary_retrieval;
INSERT INTO sticktionary_playday (player_id, day, n_rounds)
  SELECT 1 + pg_temp.mixed(n, 11, 20000), date '%(now)s' - (n %% 180)::int, 6 FROM generate_series(1, %(rounds)s / 4) n
  ON CONFLICT DO NOTHING;
INSERT INTO sticktionary_skip (player_id, round_id, sticker_id, reason, as_labeler, at)
  SELECT 1 + pg_temp.mixed(n, 12, 20000), n, 1 + pg_temp.mixed(n, 1, 5000), 'unclear', true, pg_temp.moment(n)
  FROM generate_series(1, %(rounds)s, 20) n;
INSERT INTO sticktionary_ledgerentry (player_id, n_points, reason, key, round_id, retrieval_id, detail, at)
  SELECT player_id, 60, 'retrieved', 'bench:' || id, round_id, id, '{}', answered_at FROM sticktionary_retrieval WHERE id %% 2 = 0;
INSERT INTO sticktionary_auditentry (actor_id, verb, subject, detail, at)
  SELECT 1, (ARRAY['sticker_halted', 'grant', 'judge', 'block'])[1 + n %% 4], 'player ' || 1 + pg_temp.mixed(n, 13, 20000),
    '{"why": "because"}', pg_temp.moment(n) FROM generate_series(1, %(rounds)s) n;
INSERT INTO sticktionary_case (kind, state, language, round_id, words, reasons, opened_at, decided_at)
  SELECT 'not_found', CASE WHEN id > %(rounds)s * 0.9 THEN 'open' ELSE 'decided' END, language, id, '', '[]', decided_at,
    CASE WHEN id > %(rounds)s * 0.9 THEN null ELSE decided_at END FROM sticktionary_round WHERE state = 'needs_review';
INSERT INTO sticktionary_flag (kind, state, player_id, round_id, evidence, key, at)
  SELECT 'too_fast', CASE WHEN n > %(rounds)s * 0.9 THEN 'open' ELSE 'dismissed' END, 1 + pg_temp.mixed(n, 14, 20000), n, '{"n": 9, "of": 20, "median_s": 1.2}',
    'bench:' || n, pg_temp.moment(n) FROM generate_series(1, %(rounds)s, 40) n;
INSERT INTO sticktionary_preview (round_id, text, at, hits, target_rank, model_version, ms)
  SELECT n, 'quer', pg_temp.moment(n) + interval '1 s' * k, '[]', k, 'bench', 5
  FROM generate_series(%(rounds)s - 4999, %(rounds)s) n, generate_series(1, 20) k;
INSERT INTO sticktionary_revision (round_id, key, move, detail, at)
  SELECT n, 'bench' || k, 'add', '{"text": "query"}', pg_temp.moment(n) + interval '2 s' * k
  FROM generate_series(%(rounds)s - 4999, %(rounds)s) n, generate_series(1, 6) k;
