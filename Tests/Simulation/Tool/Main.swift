import Simulation

@main
enum Main {
    static func main() { SimulationTool(CommandLine.arguments).run() }
}
