// Field numbers of the messages that this server reads and writes by hand, named as in streams.proto,
// shared.proto, gossip.proto and serverfeatures.proto.

export const UUID = { structured: 1, string: 2 } as const;
export const STRUCTURED_UUID = { most_significant_bits: 1, least_significant_bits: 2 } as const;
export const STREAM_IDENTIFIER = { stream_name: 3 } as const;
export const POSITION = { commit_position: 1, prepare_position: 2 } as const;
export const MAP_ENTRY = { key: 1, value: 2 } as const;
export const TIMESTAMP = { seconds: 1, nanos: 2 } as const;

export const READ_REQ = { options: 1 } as const;
export const READ_OPTIONS = {
  stream: 1,
  all: 2,
  read_direction: 3,
  resolve_links: 4,
  count: 5,
  subscription: 6,
  filter: 7,
} as const;
export const STREAM_OPTIONS = { stream_identifier: 1, revision: 2, start: 3, end: 4 } as const;
export const ALL_OPTIONS = { position: 1, start: 2, end: 3 } as const;
export const FILTER_OPTIONS = {
  stream_identifier: 1,
  event_type: 2,
  max: 3,
  checkpoint_interval_multiplier: 5,
} as const;
export const EXPRESSION = { regex: 1, prefix: 2 } as const;

export const READ_RESP = {
  event: 1,
  confirmation: 2,
  checkpoint: 3,
  stream_not_found: 4,
  caught_up: 8,
} as const;
export const READ_EVENT = { event: 1, link: 2, commit_position: 3 } as const;
export const CONFIRMATION = { subscription_id: 1 } as const;
export const STREAM_NOT_FOUND = { stream_identifier: 1 } as const;

/** Append, delete, tombstone and batch append all name their stream and expected revision in this one shape. */
export const TARGET = {
  stream_identifier: 1,
  revision: 2,
  no_stream: 3,
  any: 4,
  stream_exists: 5,
  deadline_timestamp: 6,
  deadline_duration: 7,
} as const;
export const TARGET_REQ = { options: 1 } as const;
export const PROPOSED_MESSAGE = { id: 1, metadata: 2, custom_metadata: 3, data: 4 } as const;

export const APPEND_REQ = { options: 1, proposed_message: 2 } as const;
export const APPEND_RESP = { success: 1, wrong_expected_version: 2 } as const;
export const APPEND_SUCCESS = { current_revision: 1, no_stream: 2, position: 3, no_position: 4 } as const;
export const APPEND_WRONG_EXPECTED_VERSION = {
  current: { revision: 6, no_stream: 7 },
  expected: { revision: 8, any: 9, stream_exists: 10, no_stream: 11 },
} as const;
export const DELETE_RESP = { position: 1 } as const;

export const BATCH_APPEND_REQ = {
  correlation_id: 1,
  options: 2,
  proposed_messages: 3,
  is_final: 4,
} as const;
export const BATCH_APPEND_RESP = {
  correlation_id: 1,
  error: 2,
  success: 3,
  stream_identifier: 4,
  expected: { revision: 5, no_stream: 6, any: 7, stream_exists: 8 },
} as const;
export const STATUS = { code: 1, message: 2, details: 3 } as const;
export const ANY = { type_url: 1, value: 2 } as const;
export const WRONG_EXPECTED_VERSION = {
  current: { revision: 1, no_stream: 2 },
  expected: { revision: 3, any: 4, stream_exists: 5, no_stream: 6 },
} as const;
export const STREAM_DELETED = { stream_identifier: 1 } as const;
export const MAXIMUM_APPEND_SIZE_EXCEEDED = { max_append_size: 1 } as const;
export const BAD_REQUEST = { message: 1 } as const;

export const CLUSTER_INFO = { members: 1 } as const;
export const MEMBER_INFO = {
  instance_id: 1,
  time_stamp: 2,
  state: 3,
  is_alive: 4,
  http_end_point: 5,
} as const;
export const END_POINT = { address: 1, port: 2 } as const;
export const LEADER_STATE = 8;

export const SUPPORTED_METHODS = { methods: 1, event_store_server_version: 2 } as const;
export const SUPPORTED_METHOD = { method_name: 1, service_name: 2 } as const;
