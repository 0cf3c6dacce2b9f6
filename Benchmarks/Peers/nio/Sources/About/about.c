#include "about.h"

const struct kit_about nio_about = {
    .peer = "nio",
    .version = NIO_VERSION,
    .scenarios = "pingpong depth stream burst rate connect fanin idle",
    .batches = "1 16 64 256 1024",
    .options =
        "one event loop thread; LengthFieldBasedFrameDecoder and LengthFieldPrepender as documented, one flush for each batch; "
        "where there is one connection, receive buffers of a fixed 64 KiB and up to 16 reads for each event, since the default grows "
        "from 2 KiB and stops after 4; where there are many, the default, which holds less memory; "
        "write buffer water marks 512 KiB and 1 MiB, so that a full socket stops the sender seldom; epoll: SwiftNIO's io_uring mode "
        "only polls, needs liburing and -D SWIFTNIO_USE_IO_URING at build time, and is not used",
    .spins = false,
};
