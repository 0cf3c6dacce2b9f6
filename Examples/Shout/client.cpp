// An ordinary Qt client: it sends each of its arguments as a QByteArray through a QDataStream, and prints the answers.
//
//     client NAME TEXT...

#include <QCoreApplication>
#include <QDataStream>
#include <QLocalSocket>
#include <QTextStream>

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QStringList texts = app.arguments().mid(1);
    const QString name = texts.isEmpty() ? QString() : texts.takeFirst();
    int missing = int(texts.size());

    QLocalSocket socket;
    QDataStream stream(&socket);
    stream.setVersion(QDataStream::Qt_5_15);

    QObject::connect(&socket, &QLocalSocket::connected, [&] {
        for (const QString &text : texts)
            stream << text.toUtf8();
        if (missing == 0)
            app.quit();
    });

    QObject::connect(&socket, &QLocalSocket::readyRead, [&] {
        while (missing > 0) {
            QByteArray answer;
            stream.startTransaction();
            stream >> answer;
            if (!stream.commitTransaction())
                return; // the rest is still on its way
            QTextStream(stdout) << QString::fromUtf8(answer) << "\n";
            missing--;
        }
        socket.disconnectFromServer();
    });

    QObject::connect(&socket, &QLocalSocket::errorOccurred, [&] {
        QTextStream(stderr) << socket.errorString() << "\n";
        app.exit(1);
    });
    QObject::connect(&socket, &QLocalSocket::disconnected, &app, &QCoreApplication::quit);

    QMetaObject::invokeMethod(&app, [&] { socket.connectToServer(name); }, Qt::QueuedConnection);
    return app.exec();
}
