// A relay: every message goes to all others of the room, which the path names. Nothing is kept.
import { WebSocketServer } from "ws";

const rooms = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });

server.on("connection", (socket, request) => {
  const name = request.url;
  const room = rooms.get(name) ?? new Set();
  rooms.set(name, room.add(socket));
  socket.on("message", (data, binary) => {
    for (const other of room) if (other !== socket && other.readyState === 1) other.send(data, { binary });
  });
  socket.on("error", () => socket.terminate());
  socket.on("close", () => {
    room.delete(socket);
    if (room.size === 0 && rooms.get(name) === room) rooms.delete(name);
  });
});
server.on("listening", () => console.log(`listening on 127.0.0.1:${server.address().port}`));
