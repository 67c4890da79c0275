// What a client asks before anything else: which methods are served, and who leads.
import {
  CLUSTER_INFO,
  END_POINT,
  LEADER_STATE,
  MEMBER_INFO,
  SUPPORTED_METHOD,
  SUPPORTED_METHODS,
  UUID,
} from "./fields.ts";
import { encode, writeNested, writeString, writeUint32, writeUint64 } from "./wire.ts";

export interface SupportedMethod {
  readonly service: string;
  readonly method: string;
}

export interface Leader {
  readonly instanceId: string;
  readonly address: string;
  readonly port: number;
  readonly now: number;
}

const TICKS_PER_MILLISECOND = 10_000n;

export function encodeSupportedMethods(version: string, methods: readonly SupportedMethod[]): Buffer {
  return encode((writer) => {
    for (const { service, method } of methods) {
      writeNested(writer, SUPPORTED_METHODS.methods, () => {
        writeString(writer, SUPPORTED_METHOD.method_name, method);
        writeString(writer, SUPPORTED_METHOD.service_name, service);
      });
    }
    writeString(writer, SUPPORTED_METHODS.event_store_server_version, version);
  });
}

export function encodeLeader({ instanceId, address, port, now }: Leader): Buffer {
  return encode((writer) =>
    writeNested(writer, CLUSTER_INFO.members, () => {
      writeNested(writer, MEMBER_INFO.instance_id, () => writeString(writer, UUID.string, instanceId));
      writeUint64(writer, MEMBER_INFO.time_stamp, BigInt(now) * TICKS_PER_MILLISECOND);
      writeUint32(writer, MEMBER_INFO.state, LEADER_STATE);
      writeUint32(writer, MEMBER_INFO.is_alive, 1);
      writeNested(writer, MEMBER_INFO.http_end_point, () => {
        writeString(writer, END_POINT.address, address);
        writeUint32(writer, END_POINT.port, port);
      });
    }),
  );
}
