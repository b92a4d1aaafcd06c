#include "common/cloud/curl_transport.h"

#include <atomic>
#include <cstdlib>
#include <httplib.h>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/cloud/raw_server.h"
#include "tests/unit/cloud/served.h"

namespace catena::cloud {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

TEST(CurlTransport, SendsExactlyWhatWasSigned) {
  std::string got;
  const RawServer server([&](int connection) {
    got = read_request(connection);
    send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-One: 1\r\n\r\n{}");
  });
  const auto transport = make_curl_transport();
  HttpRequest request = to(server.url() + "?A=%20~%2F&B=");
  request.headers = {{"x-acs-action", "Do"}, {"x-acs-empty", ""}};
  const auto response = transport->exchange(request);
  ASSERT_TRUE(response.ok()) << response.error().text();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "{}");
  EXPECT_EQ(response->header("x-one"), "1");
  EXPECT_THAT(got, HasSubstr("POST /?A=%20~%2F&B= HTTP/1.1\r\n"));
  EXPECT_THAT(got, HasSubstr("Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"));
  EXPECT_THAT(got, HasSubstr("x-acs-action: Do\r\n"));
  EXPECT_THAT(got, HasSubstr("x-acs-empty:\r\n"));
  EXPECT_THAT(got, HasSubstr("Content-Length: 0\r\n"));
  EXPECT_THAT(got, Not(HasSubstr("Content-Type")));
  EXPECT_THAT(got, Not(HasSubstr("Expect")));
}

TEST(CurlTransport, CarriesABodyAndItsType) {
  httplib::Server server;
  server.Post("/", [](const httplib::Request& request, httplib::Response& response) {
    response.set_content(request.get_header_value("Content-Type") + "|" + request.body,
                         "text/plain");
  });
  const Served served(server);
  HttpRequest request = to(served.url());
  request.headers = {{"Content-Type", "text/x-own"}};
  request.body = std::string(5'000, 'b');
  const auto response = make_curl_transport()->exchange(request);
  ASSERT_TRUE(response.ok()) << response.error().text();
  EXPECT_EQ(response->body, "text/x-own|" + request.body);
}

TEST(CurlTransport, OtherMethodsWork) {
  httplib::Server server;
  server.Put("/token", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("put", "text/plain");
  });
  server.Get("/", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("get", "text/plain");
  });
  const Served served(server);
  const auto transport = make_curl_transport();
  HttpRequest request = to(served.url("/token"));
  request.method = "PUT";
  EXPECT_EQ(transport->exchange(request)->body, "put");
  request = to(served.url());
  request.method = "GET";
  EXPECT_EQ(transport->exchange(request)->body, "get");
}

TEST(CurlTransport, OneConnectionServesManyCalls) {
  httplib::Server server;
  server.set_keep_alive_max_count(100);
  server.Post("/", [](const httplib::Request& request, httplib::Response& response) {
    response.set_content(std::to_string(request.remote_port), "text/plain");
  });
  const Served served(server);
  const auto transport = make_curl_transport();
  std::set<std::string> ports;
  for (int i = 0; i < 10; ++i) {
    const auto response = transport->exchange(to(served.url()));
    ASSERT_TRUE(response.ok()) << response.error().text();
    ports.insert(response->body);
  }
  EXPECT_EQ(ports.size(), 1U);
}

TEST(CurlTransport, ServesThreadsAtOnce) {
  httplib::Server server;
  server.Post("/", [](const httplib::Request&, httplib::Response& response) {
    std::this_thread::sleep_for(milliseconds(5));
    response.set_content("x", "text/plain");
  });
  const Served served(server);
  const auto transport = make_curl_transport();
  std::atomic<int> answered = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int call = 0; call < 10; ++call) {
        answered += transport->exchange(to(served.url())).ok() ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(answered, 40);
}

TEST(CurlTransport, ErrorsOfTheServerAreAnswers) {
  httplib::Server server;
  server.Post("/", [](const httplib::Request&, httplib::Response& response) {
    response.status = 503;
    response.set_content("busy", "text/plain");
  });
  server.Post("/moved", [](const httplib::Request&, httplib::Response& response) {
    response.set_redirect("/");
  });
  const Served served(server);
  const auto transport = make_curl_transport();
  const auto busy = transport->exchange(to(served.url()));
  ASSERT_TRUE(busy.ok());
  EXPECT_EQ(busy->status, 503);
  const auto moved = transport->exchange(to(served.url("/moved")));
  ASSERT_TRUE(moved.ok());
  EXPECT_EQ(moved->status, 302) << "no redirect is followed";
}

TEST(CurlTransport, ARefusedConnectionWasNotSent) {
  int port = 0;
  {
    const RawServer gone([](int) {});
    port = gone.port();
  }
  const auto response =
      make_curl_transport()->exchange(to("http://127.0.0.1:" + std::to_string(port) + "/?Token=x"));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), kNotSent);
  EXPECT_TRUE(response.error().is(base::ErrorKind::kTryAgain));
  EXPECT_THAT(response.error().message(), HasSubstr("127.0.0.1"));
  EXPECT_THAT(response.error().message(), Not(HasSubstr("Token")));
}

TEST(CurlTransport, AnUnknownNameWasNotSent) {
  // A label longer than DNS has (RFC 1035: 63) fails without a question to a server.
  const auto response =
      make_curl_transport()->exchange(to("http://" + std::string(70, 'x') + ".aliyuncs.com/"));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), kNotSent) << response.error().text();
}

TEST(CurlTransport, NoAnswerInTimeMayHaveBeenDone) {
  const RawServer server([](int connection) {
    read_request(connection);
    std::this_thread::sleep_for(milliseconds(600));
  });
  const auto start = std::chrono::steady_clock::now();
  const auto response = make_curl_transport()->exchange(to(server.url(), milliseconds(200)));
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(550));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), kNoAnswer);
}

TEST(CurlTransport, AConnectionClosedBeforeTheAnswerMayHaveBeenDone) {
  const RawServer server([](int connection) { read_request(connection); });
  const auto response = make_curl_transport()->exchange(to(server.url()));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), kNoAnswer);
  EXPECT_EQ(server.accepted(), 1);
}

TEST(CurlTransport, AKeptConnectionThatEndsWithoutAnAnswerIsNotUsedToSendTwice) {
  std::atomic<int> requests = 0;
  const RawServer server([&](int connection) {
    // The first request of a connection is answered, the second is swallowed.
    if (!read_request(connection).empty()) {
      ++requests;
      send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    }
    if (!read_request(connection).empty()) {
      ++requests;
    }
  });
  const auto transport = make_curl_transport();
  ASSERT_TRUE(transport->exchange(to(server.url())).ok());
  const auto second = transport->exchange(to(server.url()));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), kNoAnswer) << second.error().text();
  EXPECT_THAT(second.error().message(), HasSubstr("without an answer"));
  EXPECT_EQ(requests, 2) << "libcurl repeated the request by itself";
}

TEST(CurlTransport, AnAnswerCutShortMayHaveBeenDone) {
  const RawServer server([](int connection) {
    read_request(connection);
    send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":");
  });
  const auto response = make_curl_transport()->exchange(to(server.url()));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), kNoAnswer);
}

TEST(CurlTransport, WhatIsNotHttpMayHaveBeenDone) {
  const RawServer server([](int connection) {
    read_request(connection);
    send_text(connection, std::string("SSH-2.0-OpenSSH\r\n\0\xff\x01", 20));
  });
  const auto response = make_curl_transport()->exchange(to(server.url()));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), kNoAnswer) << response.error().text();
}

TEST(CurlTransport, AHugeAnswerIsCutOff) {
  const RawServer server([](int connection) {
    read_request(connection);
    send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    const std::string piece(1'000'000, 'x');
    for (int i = 0; i < 100; ++i) {
      send_text(connection, piece);
    }
  });
  CurlOptions options;
  options.most_body = 2'000'000;
  const auto response = make_curl_transport(options)->exchange(to(server.url()));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), kNoAnswer);
  EXPECT_THAT(response.error().message(), HasSubstr("longer than 2000000 bytes"));
}

TEST(CurlTransport, EndlessHeadersAreCutOff) {
  const RawServer server([](int connection) {
    read_request(connection);
    std::string headers = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 2'000; ++i) {
      headers += "X-Header: " + std::string(100, 'x') + "\r\n";
    }
    send_text(connection, headers + "\r\n");
  });
  const auto response = make_curl_transport()->exchange(to(server.url()));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), kNoAnswer);
}

TEST(CurlTransport, OtherSchemesAreRefused) {
  const auto response = make_curl_transport()->exchange(to("file:///etc/hostname"));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), kNotSent);
}

TEST(CurlTransport, AProxyGivenByOptionIsAsked) {
  std::string got;
  const RawServer proxy([&](int connection) {
    got = read_request(connection);
    send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  });
  CurlOptions options;
  options.proxy = proxy.url();
  const auto response =
      make_curl_transport(options)->exchange(to("http://ecs.catena.invalid/?A=1"));
  ASSERT_TRUE(response.ok()) << response.error().text();
  EXPECT_THAT(got, HasSubstr("POST http://ecs.catena.invalid/?A=1 HTTP/1.1"));
}

TEST(CurlTransport, ADirectRequestPassesEveryProxy) {
  const RawServer proxy([](int connection) {
    read_request(connection);
    send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy");
  });
  const RawServer server([](int connection) {
    read_request(connection);
    send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nserver");
  });
  CurlOptions options;
  options.proxy = proxy.url();
  const auto transport = make_curl_transport(options);
  HttpRequest request;
  request.url = server.url();
  EXPECT_EQ(transport->exchange(request)->body, "proxy");
  request.direct = true;
  EXPECT_EQ(transport->exchange(request)->body, "server");
}

TEST(CurlTransport, AProxyThatRefusesTheTunnelMeansNotSent) {
  const RawServer proxy([](int connection) {
    read_request(connection);
    send_text(connection, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  });
  CurlOptions options;
  options.proxy = proxy.url();
  const auto response = make_curl_transport(options)->exchange(to("https://ecs.catena.invalid/"));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), kNotSent) << response.error().text();
}

TEST(CurlTransport, AProxyFromTheEnvironmentIsAsked) {
  const RawServer proxy([](int connection) {
    read_request(connection);
    send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy");
  });
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  const auto response = make_curl_transport()->exchange(to("http://ecs.catena.invalid/"));
  ::unsetenv("http_proxy");
  ASSERT_TRUE(response.ok()) << response.error().text();
  EXPECT_EQ(response->body, "proxy");
}

}  // namespace
}  // namespace catena::cloud
