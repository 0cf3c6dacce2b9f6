asio.package := libasio-dev
asio.header := asio.hpp
asio.flags := -DASIO_STANDALONE -pthread
