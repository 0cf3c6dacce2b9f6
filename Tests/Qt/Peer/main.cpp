/* A Qt program at the other end: `qt-peer client|server ADDRESS FORM LENGTHS [options]`, or `qt-peer steps`. */
#include <QCommandLineParser>
#include <QCoreApplication>
#include <cstdio>

#include "options.h"
#include "plan.h"
#include "steps.h"

int report(int messages, const Wire &wire, int error) {
    std::printf("messages %d rest %lld error %d\n", messages, static_cast<long long>(wire.rest()), error);
    return 0;
}

int main(int count, char **arguments) {
    QCoreApplication application(count, arguments);
    QCommandLineParser parser;
    parser.addOption({"mode", "echo, sink or source: what the server does", "mode", "echo"});
    parser.addOption({"style", "each, together, pairs or bytes: how a client sends", "style", "each"});
    parser.addOption({"abort", "end inside a message"});
    parser.addOption({"read-buffer", "readBufferSize", "bytes", "0"});
    parser.addOption({"access", "the server's socketOptions", "bits", "0"});
    parser.process(application);
    const QStringList words = parser.positionalArguments();
    if (words == QStringList{"steps"}) return steps();
    if (words.size() != 4) qFatal("qt-peer client|server ADDRESS FORM LENGTHS [options], or qt-peer steps");
    const Options options{
        words[1], formNamed(words[2]), lengths(words[3]), parser.value("mode"), parser.value("style"), parser.isSet("abort"),
        parser.value("read-buffer").toLongLong(), parser.value("access").toInt(),
    };
    return words[0] == "server" ? server(options) : client(options);
}
