extension AdminAssets {
  /// What the API does, in the words of OpenAPI 3.1.
  static let description = """
    {
      "openapi": "3.1.0",
      "info": {
        "title": "shoal tracker",
        "version": "1",
        "description": "Administers a private tracker. Fields of requests stand in the query or in a form; answers are JSON."
      },
      "security": [{ "token": [] }],
      "components": {
        "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        "schemas": {
          "Error": {
            "type": "object", "required": ["error"],
            "properties": { "error": { "type": "string" } }
          },
          "Member": {
            "type": "object",
            "properties": {
              "name": { "type": "string" }, "number": { "type": "integer" },
              "revoked": { "type": "boolean" },
              "torrents": { "type": ["integer", "null"], "description": "active at once" },
              "addresses": { "type": ["integer", "null"], "description": "announcing at once" },
              "uploaded": { "type": "integer", "description": "bytes that count" },
              "downloaded": { "type": "integer", "description": "bytes that count" },
              "ratio": { "type": ["number", "null"] },
              "movedUp": { "type": "integer" }, "movedDown": { "type": "integer" },
              "seedTime": { "type": "integer", "description": "seconds" },
              "active": { "type": "integer", "description": "sessions under way" },
              "lastSeen": { "type": ["integer", "null"], "description": "seconds since 1970" },
              "announce": { "type": "array", "items": { "type": "string" } }
            }
          },
          "Torrent": {
            "type": "object",
            "properties": {
              "name": { "type": "string" }, "infoHash": { "type": "string" },
              "size": { "type": "integer" }, "files": { "type": "integer" },
              "tags": { "type": "array", "items": { "type": "string" } },
              "seeders": { "type": "integer" }, "leechers": { "type": "integer" },
              "completed": { "type": "integer" },
              "uploadPercent": { "type": "integer" }, "downloadPercent": { "type": "integer" },
              "movedUp": { "type": "integer" }, "movedDown": { "type": "integer" },
              "created": { "type": "integer" }
            }
          }
        }
      },
      "paths": {
        "/api/v1/stats": {
          "get": { "summary": "The tracker in numbers",
            "responses": { "200": { "description": "one object" } } }
        },
        "/api/v1/events": {
          "get": { "summary": "The same once a second, as server-sent events",
            "responses": { "200": { "description": "text/event-stream" } } }
        },
        "/api/v1/signals": {
          "get": { "summary": "Cheat signals, the latest first",
            "responses": { "200": { "description": "an array" } } }
        },
        "/api/v1/members": {
          "get": { "summary": "All members",
            "responses": { "200": { "description": "an array of Member" } } },
          "post": { "summary": "Add a member",
            "parameters": [
              { "name": "name", "in": "query", "required": true, "schema": { "type": "string" } },
              { "name": "torrents", "in": "query", "schema": { "type": "integer" } },
              { "name": "addresses", "in": "query", "schema": { "type": "integer" } }
            ],
            "responses": { "201": { "description": "the Member, with its announce URLs" },
              "400": { "description": "Error" } } }
        },
        "/api/v1/members/{number}": {
          "parameters": [
            { "name": "number", "in": "path", "required": true, "schema": { "type": "integer" } }
          ],
          "get": { "summary": "A member, with its announce URLs",
            "responses": { "200": { "description": "the Member" } } }
        },
        "/api/v1/members/{number}/{action}": {
          "parameters": [
            { "name": "number", "in": "path", "required": true, "schema": { "type": "integer" } },
            { "name": "action", "in": "path", "required": true,
              "schema": { "enum": ["revoke", "rotate", "limit"] } }
          ],
          "post": { "summary": "Revoke a member, give it a new key, or set its limits",
            "responses": { "200": { "description": "the Member; in force" } } }
        },
        "/api/v1/torrents": {
          "get": { "summary": "The catalogue, or what of it has all keywords",
            "parameters": [{ "name": "q", "in": "query", "schema": { "type": "string" } }],
            "responses": { "200": { "description": "an array of Torrent" } } },
          "post": { "summary": "Add a torrent, or change its title, tags and terms",
            "parameters": [
              { "name": "title", "in": "query", "schema": { "type": "string" } },
              { "name": "tag", "in": "query",
                "schema": { "type": "array", "items": { "type": "string" } } },
              { "name": "uploadPercent", "in": "query", "schema": { "type": "integer" } },
              { "name": "downloadPercent", "in": "query", "schema": { "type": "integer" } }
            ],
            "requestBody": { "content": { "application/x-bittorrent": {} } },
            "responses": { "201": { "description": "the Torrent" } } }
        },
        "/api/v1/torrents/{infoHash}": {
          "parameters": [
            { "name": "infoHash", "in": "path", "required": true, "schema": { "type": "string" } }
          ],
          "delete": { "summary": "Refuse a torrent from now on",
            "responses": { "200": { "description": "the Torrent as it was" } } }
        },
        "/metrics": {
          "get": { "summary": "The same for Prometheus",
            "responses": { "200": { "description": "text/plain" } } }
        }
      }
    }

    """
}
