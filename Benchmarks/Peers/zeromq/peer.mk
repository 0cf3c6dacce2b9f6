zeromq.package := libzmq3-dev
zeromq.needs := libzmq
