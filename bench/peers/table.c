#include "peer.h"

#define CB_PEER(name) &cb_peer_##name,
const struct cb_peer *const cb_peers[CB_PEERS + 1] = {
#include "peers.inc"
};
