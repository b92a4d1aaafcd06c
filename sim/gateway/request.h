// An HTTP request as the OpenAPI gateway reads it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.h"
#include "common/cloud/http.h"

namespace catena::sim {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;
  std::string host;  // as it stood in the Host line, port included
  std::string path;  // as received
  Pairs query;       // decoded, in the order received
  Pairs form;        // of an application/x-www-form-urlencoded body
  cloud::Headers headers;
  std::string body;

  // Of query and form; the query's first. Nothing where absent.
  std::optional<std::string> parameter(std::string_view name) const;
  // Several of one name joined with ","; nothing where absent.
  std::optional<std::string> header(std::string_view name) const;
  // `host` without the port.
  std::string host_name() const;
};

// kUndecodable for what is no request: no absolute http(s) URL, a broken %-escape, bytes that no
// URL or header has, not UTF-8 once decoded, too large.
base::Result<Request> parse_request(const cloud::HttpRequest& request);

// "a=1&b=%202": "+" is a space, "k" alone is "k=". kUndecodable for a broken escape.
base::Result<Pairs> parse_form(std::string_view text);

// "http://host[:port]/path?query" in its parts; kUndecodable otherwise.
struct UrlParts {
  std::string scheme;
  std::string authority;
  std::string path;  // "/" where empty
  std::string query;
};
base::Result<UrlParts> split_url(std::string_view url);

}  // namespace catena::sim
