#include "sim/program/http_message.h"

#include <gtest/gtest.h>

namespace catena::sim {
namespace {

TEST(HttpRequest, IsReadWithItsBodyAndNoFurther) {
  const std::string first = "POST /?Action=A HTTP/1.1\r\nHost: ecs\r\nContent-Length: 3\r\n\r\na=b";
  const Parsed parsed = parse_request(first + "GET / HTTP/1.1\r\n");
  ASSERT_EQ(parsed.state, Parsed::State::kWhole);
  EXPECT_EQ(parsed.size, first.size());
  EXPECT_EQ(parsed.received.request.method, "POST");
  EXPECT_EQ(parsed.received.request.url, "http://ecs/?Action=A");
  EXPECT_EQ(parsed.received.request.body, "a=b");
  EXPECT_EQ(parsed.received.target, "/?Action=A");
  EXPECT_TRUE(parsed.received.keep_alive);
}

TEST(HttpRequest, IsWaitedForByteByByte) {
  const std::string whole = "PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nz";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(parse_request(whole.substr(0, size)).state, Parsed::State::kIncomplete) << size;
  }
  EXPECT_EQ(parse_request(whole).state, Parsed::State::kWhole);
}

TEST(HttpRequest, WithoutLengthHasNoBody) {
  const Parsed parsed = parse_request("PUT /latest/api/token HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_EQ(parsed.state, Parsed::State::kWhole);
  EXPECT_EQ(parsed.received.request.body, "");
}

TEST(HttpRequest, SaysWhetherTheConnectionStays) {
  EXPECT_FALSE(parse_request("GET / HTTP/1.0\r\n\r\n").received.keep_alive);
  EXPECT_FALSE(parse_request("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n").received.keep_alive);
  EXPECT_TRUE(
      parse_request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").received.keep_alive);
}

TEST(HttpRequest, MayNameItsTargetWhole) {
  const Parsed parsed = parse_request("GET http://ecs/?a=b HTTP/1.1\r\nHost: other\r\n\r\n");
  EXPECT_EQ(parsed.received.request.url, "http://ecs/?a=b");
  EXPECT_EQ(parsed.received.target, "/?a=b");
}

TEST(HttpRequest, WaitsForContinueOnlyWithABodyToCome) {
  const std::string head =
      "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
  EXPECT_TRUE(parse_request(head).expects_continue);
  EXPECT_EQ(parse_request(head + "x").state, Parsed::State::kWhole);
}

TEST(HttpRequest, ThatIsNoneIsRefused) {
  const auto status_of = [](const std::string& input) {
    const Parsed parsed = parse_request(input);
    return parsed.state == Parsed::State::kRefused ? parsed.status : 0;
  };
  EXPECT_EQ(status_of("nonsense\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/2\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET elsewhere HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nno header\r\n\r\n"), 400);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"), 413);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), 411);
  EXPECT_EQ(status_of(std::string(70'000, 'x')), 431);
}

TEST(HttpResponse, CarriesItsLengthOnce) {
  cloud::HttpResponse response;
  response.status = 404;
  response.headers = {{"Content-Type", "text/plain"}, {"Content-Length", "99"}};
  response.body = "gone";
  EXPECT_EQ(render_response(response, true, false),
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n"
            "Connection: keep-alive\r\n\r\ngone");
  EXPECT_EQ(render_response(response, false, true),
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n"
            "Connection: close\r\n\r\n");
}

}  // namespace
}  // namespace catena::sim
