// y-websocket's own server on a port of its choice, documents in memory.
import http from "node:http";
import { createRequire } from "node:module";
import { setupWSConnection } from "@y/websocket-server/utils";

const require = createRequire(import.meta.url);
const { Server } = require("ws"); // the version that it depends on, as its own start script uses it
const sockets = new Server({ noServer: true });
sockets.on("connection", setupWSConnection);

const server = http.createServer((_, response) => response.end("okay"));
server.on("upgrade", (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit("connection", opened, request));
});
server.listen(0, "127.0.0.1", () => console.log(`listening on 127.0.0.1:${server.address().port}`));
