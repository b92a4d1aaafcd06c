#include "sim/gateway/request.h"

#include <algorithm>

#include "common/base/text.h"

namespace catena::sim {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

// Longer URLs and bodies no server of this kind takes.
constexpr std::size_t kMostUrl = std::size_t{64} * 1024;
constexpr std::size_t kMostBody = std::size_t{4} * 1024 * 1024;

Error no_request(const std::string& why) { return {ErrorKind::kUndecodable, why}; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return -1;
}

// How many bytes the UTF-8 sequence at `at` has (RFC 3629, without its finer exclusions); 0: none.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  std::size_t length = 0;
  if (first < 0x80) {
    return 1;
  }
  if (first >= 0xC2 && first < 0xE0) {
    length = 2;
  } else if (first >= 0xE0 && first < 0xF0) {
    length = 3;
  } else if (first >= 0xF0 && first < 0xF5) {
    length = 4;
  }
  if (length == 0 || at + length > text.size()) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[at + i]) & 0xC0U) != 0x80) {
      return 0;
    }
  }
  return length;
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence_length(text, at);
    if (length == 0) {
      return false;
    }
    at += length;
  }
  return true;
}

Result<std::string> decode(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+') {
      decoded += ' ';
    } else if (text[at] != '%') {
      decoded += text[at];
    } else {
      const int high = at + 2 < text.size() ? hex_digit(text[at + 1]) : -1;
      const int low = at + 2 < text.size() ? hex_digit(text[at + 2]) : -1;
      if (high < 0 || low < 0) {
        return no_request("a broken %-escape");
      }
      decoded += static_cast<char>(high * 16 + low);
      at += 2;
    }
  }
  if (!is_utf8(decoded)) {
    return no_request("a parameter is not UTF-8");
  }
  return decoded;
}

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

bool has_control_byte(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool is_form(const Request& request) {
  const std::string type = request.header("content-type").value_or("");
  return base::equal_ignoring_case(type.substr(0, type.find(';')),
                                   "application/x-www-form-urlencoded");
}

}  // namespace

Result<UrlParts> split_url(std::string_view url) {
  UrlParts parts;
  const std::size_t colon = url.find("://");
  if (url.size() > kMostUrl || colon == std::string_view::npos || !is_visible(url)) {
    return no_request("not an absolute URL");
  }
  parts.scheme = std::string(url.substr(0, colon));
  if (parts.scheme != "http" && parts.scheme != "https") {
    return no_request("not an http or https URL");
  }
  url.remove_prefix(colon + 3);
  url = url.substr(0, url.find('#'));
  const std::size_t end = std::min(url.find_first_of("/?"), url.size());
  parts.authority = std::string(url.substr(0, end));
  url.remove_prefix(end);
  const std::size_t question = std::min(url.find('?'), url.size());
  parts.path = question == 0 ? "/" : std::string(url.substr(0, question));
  parts.query = question < url.size() ? std::string(url.substr(question + 1)) : "";
  if (parts.authority.empty() || parts.authority.find('@') != std::string::npos) {
    return no_request("a URL without a host");
  }
  return parts;
}

Result<Pairs> parse_form(std::string_view text) {
  Pairs pairs;
  for (const std::string_view piece : base::split(text, '&')) {
    if (piece.empty()) {
      continue;
    }
    const std::size_t equals = std::min(piece.find('='), piece.size());
    std::string name = TRY(decode(piece.substr(0, equals)));
    std::string value =
        TRY(decode(equals < piece.size() ? piece.substr(equals + 1) : std::string_view()));
    pairs.emplace_back(std::move(name), std::move(value));
  }
  return pairs;
}

Result<Request> parse_request(const cloud::HttpRequest& request) {
  UrlParts url = TRY(split_url(request.url));
  if (request.body.size() > kMostBody) {
    return no_request("the body is too large");
  }
  Request parsed;
  parsed.method = request.method;
  parsed.path = std::move(url.path);
  parsed.query = TRY(parse_form(url.query));
  parsed.headers = request.headers;
  parsed.body = request.body;
  for (const auto& [name, value] : parsed.headers) {
    if (!is_visible(name) || name.empty() || has_control_byte(value)) {
      return no_request("a malformed header");
    }
  }
  // What a client such as curl makes of the URL: the scheme's own port is left out.
  const std::string_view usual_port = url.scheme == "http" ? ":80" : ":443";
  if (url.authority.ends_with(usual_port)) {
    url.authority.resize(url.authority.size() - usual_port.size());
  }
  parsed.host = parsed.header("host").value_or(url.authority);
  if (is_form(parsed)) {
    parsed.form = TRY(parse_form(parsed.body));
  }
  return parsed;
}

std::optional<std::string> Request::parameter(std::string_view name) const {
  for (const Pairs* pairs : {&query, &form}) {
    for (const auto& [key, value] : *pairs) {
      if (key == name) {
        return value;
      }
    }
  }
  return std::nullopt;
}

std::optional<std::string> Request::header(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : headers) {
    if (base::equal_ignoring_case(key, name)) {
      values.push_back(value);
    }
  }
  if (values.empty()) {
    return std::nullopt;
  }
  return base::join(values, ",");
}

std::string Request::host_name() const {
  if (host.starts_with('[')) {
    return host.substr(0, host.find(']') + 1);
  }
  return host.substr(0, host.find(':'));
}

}  // namespace catena::sim
