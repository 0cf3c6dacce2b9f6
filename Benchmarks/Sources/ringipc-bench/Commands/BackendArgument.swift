public import ArgumentParser
public import RingIPC

extension BackendChoice: @retroactive ExpressibleByArgument {}
