#include "sim/program/http_message.h"

#include <charconv>
#include <optional>

#include "common/base/text.h"

namespace catena::sim {
namespace {

constexpr std::size_t kMostHeaders = std::size_t{64} << 10U;
constexpr std::size_t kMostBody = std::size_t{8} << 20U;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

Parsed refused(int status) {
  Parsed parsed;
  parsed.state = Parsed::State::kRefused;
  parsed.status = status;
  return parsed;
}

std::string_view header_of(const cloud::Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (base::equal_ignoring_case(key, name)) {
      return value;
    }
  }
  return {};
}

// The request line; false where it is none.
bool read_request_line(std::string_view line, ReceivedRequest& received) {
  const std::vector<std::string_view> words = base::split(trimmed(line), ' ');
  if (words.size() != 3 || words[0].empty() || words[1].empty() ||
      !words[2].starts_with("HTTP/1.")) {
    return false;
  }
  received.request.method = words[0];
  received.target = words[1];
  received.keep_alive = words[2] != "HTTP/1.0";
  return received.target.front() == '/' || received.target.starts_with("http://");
}

bool read_header(std::string_view line, cloud::Headers& headers) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return false;
  }
  headers.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
  return true;
}

// Also takes the absolute form of a target (RFC 9112, 3.2.2).
void fill_url(ReceivedRequest& received) {
  std::string& target = received.target;
  if (target.starts_with("http://")) {
    received.request.url = target;
    const std::size_t path = target.find('/', 7);
    target = path == std::string::npos ? "/" : target.substr(path);
    return;
  }
  const std::string_view host = header_of(received.request.headers, "Host");
  received.request.url = "http://" + std::string(host) + target;
}

std::optional<std::size_t> length_of(std::string_view text) {
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return length;
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 503:
      return "Service Unavailable";
    default:
      return status < 400 ? "OK" : "Error";
  }
}

// Headers of a request, read; `state` says whether it is one.
Parsed parse_head(std::string_view head) {
  Parsed parsed;
  const std::vector<std::string_view> lines = base::split(head, '\n');
  if (!read_request_line(lines.front(), parsed.received)) {
    return refused(400);
  }
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (!trimmed(lines[i]).empty() && !read_header(lines[i], parsed.received.request.headers)) {
      return refused(400);
    }
  }
  const std::string_view connection = header_of(parsed.received.request.headers, "Connection");
  if (base::equal_ignoring_case(connection, "close")) {
    parsed.received.keep_alive = false;
  } else if (base::equal_ignoring_case(connection, "keep-alive")) {
    parsed.received.keep_alive = true;
  }
  fill_url(parsed.received);
  parsed.state = Parsed::State::kWhole;
  return parsed;
}

}  // namespace

Parsed parse_request(std::string_view input) {
  const std::size_t head_end = input.find("\r\n\r\n");
  if (head_end == std::string_view::npos) {
    return input.size() > kMostHeaders ? refused(431) : Parsed{};
  }
  Parsed parsed = parse_head(input.substr(0, head_end));
  if (parsed.state != Parsed::State::kWhole) {
    return parsed;
  }
  const cloud::Headers& headers = parsed.received.request.headers;
  if (!header_of(headers, "Transfer-Encoding").empty()) {
    return refused(411);
  }
  std::size_t body = 0;
  if (const std::string_view text = header_of(headers, "Content-Length"); !text.empty()) {
    const std::optional<std::size_t> length = length_of(text);
    if (!length) {
      return refused(400);
    }
    if (*length > kMostBody) {
      return refused(413);
    }
    body = *length;
  }
  parsed.size = head_end + 4 + body;
  if (input.size() < parsed.size) {
    parsed.state = Parsed::State::kIncomplete;
    parsed.expects_continue =
        base::equal_ignoring_case(header_of(headers, "Expect"), "100-continue");
    return parsed;
  }
  parsed.received.request.body = input.substr(head_end + 4, body);
  return parsed;
}

std::string render_response(const cloud::HttpResponse& response, bool keep_alive,
                            bool without_body) {
  std::string wire = "HTTP/1.1 " + std::to_string(response.status) + " " +
                     std::string(reason_of(response.status)) + "\r\n";
  for (const auto& [name, value] : response.headers) {
    if (!base::equal_ignoring_case(name, "Content-Length") &&
        !base::equal_ignoring_case(name, "Connection")) {
      wire.append(name).append(": ").append(value).append("\r\n");
    }
  }
  wire += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  wire += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return without_body ? wire : wire + response.body;
}

}  // namespace catena::sim
