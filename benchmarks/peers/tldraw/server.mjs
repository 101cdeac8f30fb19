// tldraw's sync rooms behind the `ws` package, in memory; `--schema` prints what clients must say that they know.
import { TLSocketRoom } from "@tldraw/sync-core";
import { createTLSchema } from "@tldraw/tlschema";
import { WebSocketServer } from "ws";

const schema = createTLSchema();
if (process.argv.includes("--schema")) {
  console.log(JSON.stringify(schema.serialize()));
  process.exit(0);
}
const rooms = new Map();
let sessions = 0;
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
server.on("connection", (socket, request) => {
  const name = request.url;
  if (!rooms.has(name)) rooms.set(name, new TLSocketRoom({ schema }));
  rooms.get(name).handleSocketConnect({ sessionId: `session-${sessions++}`, socket, isReadonly: false });
});
server.on("listening", () => console.log(`listening on 127.0.0.1:${server.address().port}`));
