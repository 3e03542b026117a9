/// The admin page, in the binary so that it needs nothing from elsewhere. What it shows comes from
/// the API, and becomes text of elements and never markup.
enum AdminAssets {
  static let document = """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>shoal tracker</title>
    <link rel="stylesheet" href="/page.css">
    <script src="/page.js" defer></script>
    </head>
    <body>
    <main>
    <section id="login">
    <h1>shoal tracker</h1>
    <p class="facts">The token is in <code>admin.token</code> in the tracker's data folder.</p>
    <form class="actions"><input type="password" name="token" placeholder="Token" aria-label="Token"
     autocomplete="current-password" required><button class="button">Log in</button></form>
    <p class="problem" role="alert"></p>
    </section>
    <div id="board" hidden>
    <section>
    <h1>shoal tracker</h1>
    <p class="problem" role="alert"></p>
    <dl class="counts" id="counts"></dl>
    </section>
    <section>
    <h1>Members</h1>
    <form class="actions" id="add-member"><input name="name" placeholder="Name" aria-label="Name"
     required maxlength="64"><input name="torrents" inputmode="numeric" placeholder="Torrents at once"
     aria-label="Torrents at once"><input name="addresses" inputmode="numeric"
     placeholder="Addresses at once" aria-label="Addresses at once"><button class="button">Add</button>
    </form>
    <pre class="command" id="announce" hidden></pre>
    <div class="wide"><table><thead><tr><th>Name</th><th>Up</th><th>Down</th><th>Ratio</th>
    <th>Active</th><th></th></tr></thead><tbody id="members"></tbody></table></div>
    </section>
    <section>
    <h1>Torrents</h1>
    <form class="actions" id="search" role="search"><input type="search" name="q"
     placeholder="Keywords" aria-label="Keywords"><button class="button quiet">Search</button></form>
    <form class="actions" id="add-torrent"><input type="file" name="file" accept=".torrent"
     aria-label="Torrent file" required><input name="tag" placeholder="Tag" aria-label="Tag">
    <label><input type="checkbox" name="free"> freeleech</label><button class="button">Add</button>
    </form>
    <div class="wide"><table><thead><tr><th>Name</th><th>Size</th><th>Seeds</th><th>Taking</th>
    <th>Done</th><th></th></tr></thead><tbody id="torrents"></tbody></table></div>
    </section>
    <section>
    <h1>Cheat signals</h1>
    <div class="wide"><table><thead><tr><th>Member</th><th>Signal</th><th>Torrent</th><th>Bytes</th>
    <th>Times</th></tr></thead><tbody id="signals"></tbody></table></div>
    </section>
    <footer>Served by <b>shoal</b>. <button class="link" id="logout">Log out</button></footer>
    </div>
    </main>
    </body>
    </html>

    """

  /// Behind the style of `PageAssets`.
  static let style = """
    [hidden] { display: none !important; }
    input:not([type=checkbox]):not([type=file]) { flex: 1 1 9rem; min-width: 0; font: inherit;
      padding: .5rem .7rem; color: var(--ink); background: var(--ground);
      border: 1px solid var(--line); border-radius: 8px; }
    button { font: inherit; border: 0; cursor: pointer; }
    button.small { background: none; color: var(--accent); border: 1px solid var(--line);
      border-radius: 6px; padding: .1rem .5rem; margin-left: .3rem; font-size: .8rem; }
    button.link { background: none; color: var(--accent); padding: 0; }
    label { align-self: center; color: var(--faint); }
    .wide { overflow-x: auto; }
    table { border-collapse: collapse; width: 100%; font-size: .9rem;
      font-variant-numeric: tabular-nums; }
    th { text-align: left; color: var(--faint); font-weight: 500; }
    th, td { padding: .35rem .6rem .35rem 0; border-top: 1px solid var(--line);
      white-space: nowrap; }
    td:first-child { white-space: normal; overflow-wrap: anywhere; min-width: 9rem; }
    th:nth-child(n+2), td:nth-child(n+2) { text-align: right; }
    #signals td { text-align: left; }
    @media (max-width: 30rem) { section { padding: 1rem; } }
    a { color: var(--accent); }
    a.button { color: var(--on-accent); } a.button.quiet { color: var(--accent); }
    tr.revoked td:first-child { text-decoration: line-through; color: var(--faint); }
    .tag { font-size: .75rem; color: var(--faint); border: 1px solid var(--line);
      border-radius: 6px; padding: 0 .35rem; }
    .problem { color: #c0392b; margin: 0; } .problem:empty { display: none; }

    """

  static let script = """
    "use strict";
    const one = (query) => document.querySelector(query);
    let token = sessionStorage.getItem("token") || "";
    let stream = null;

    async function ask(method, path, body, type) {
      const headers = { Authorization: "Bearer " + token };
      if (type) headers["Content-Type"] = type;
      const answer = await fetch("/api/v1/" + path, { method, headers, body });
      if (answer.status === 401) { logOut("That token is not the tracker's."); throw new Error(); }
      const value = await answer.json();
      if (!answer.ok) throw new Error(value.error);
      return value;
    }

    function size(bytes) {
      const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
      let unit = 0;
      while (bytes >= 1024 && unit < 5) { bytes /= 1024; unit++; }
      return (unit ? bytes.toFixed(bytes < 10 ? 1 : 0) : bytes) + " " + units[unit];
    }

    /* Rows of text; a cell may be an element of ours. */
    function fill(table, rows) {
      one(table).replaceChildren(...rows.map(({ cells, revoked }) => {
        const row = document.createElement("tr");
        if (revoked) row.className = "revoked";
        for (const content of cells) {
          const cell = document.createElement("td");
          cell.append(content instanceof Node ? content : String(content));
          row.append(cell);
        }
        return row;
      }));
    }

    function buttons(...actions) {
      const group = document.createElement("span");
      for (const [label, action] of actions) {
        const button = document.createElement("button");
        button.className = "small";
        button.textContent = label;
        button.addEventListener("click", () => attempt(action));
        group.append(button);
      }
      return group;
    }

    async function attempt(action) {
      const problem = one("#board .problem");
      problem.textContent = "";
      try { await action(); } catch (error) { problem.textContent = error.message || ""; }
    }

    function showCounts(stats) {
      const cells = [
        [stats.peers, "peers"], [stats.swarms, "swarms"], [stats.announceRate, "announces/s"],
        [stats.members, "members"], [stats.active, "active"], [stats.torrents, "torrents"],
        [size(stats.movedUp), "uploaded"], [size(stats.movedDown), "downloaded"],
        [stats.completed, "completed"], [(stats.load * 100).toFixed(0) + "%", "of a processor"],
        [size(stats.memory), "memory"], [stats.refusals, "refused"],
      ];
      one("#counts").replaceChildren(...cells.map(([value, name]) => {
        const cell = document.createElement("div");
        const dd = document.createElement("dd");
        dd.textContent = value;
        const dt = document.createElement("dt");
        dt.textContent = name;
        cell.append(dd, dt);
        return cell;
      }));
    }

    function showAnnounce(member) {
      const box = one("#announce");
      box.textContent = member.announce.join("\\n");
      box.hidden = member.announce.length === 0;
    }

    async function showMembers() {
      const path = (member, action) =>
        "members/" + member.number + (action ? "/" + action : "");
      fill("#members", (await ask("GET", "members")).map((member) => ({
        revoked: member.revoked,
        cells: [
          member.name, size(member.uploaded), size(member.downloaded),
          member.ratio === null ? "–" : member.ratio.toFixed(2), member.active,
          buttons(
            ["URLs", async () => showAnnounce(await ask("GET", path(member)))],
            ["New key", async () => {
              showAnnounce(await ask("POST", path(member, "rotate"))); await showMembers();
            }],
            ["Revoke", async () => {
              await ask("POST", path(member, "revoke")); await showMembers();
            }]),
        ],
      })));
    }

    async function showTorrents() {
      const keywords = new FormData(one("#search")).get("q");
      const found = await ask("GET", "torrents?q=" + encodeURIComponent(keywords));
      fill("#torrents", found.map((torrent) => ({
        cells: [
          torrent.name + (torrent.downloadPercent === 0 ? " (free)" : ""), size(torrent.size),
          torrent.seeders, torrent.leechers, torrent.completed,
          buttons(["Remove", async () => {
            await ask("DELETE", "torrents/" + torrent.infoHash); await showTorrents();
          }]),
        ],
      })));
    }

    async function showSignals() {
      fill("#signals", (await ask("GET", "signals")).map((signal) => ({
        cells: [
          signal.name || "–", signal.meaning, signal.title, size(signal.bytes), signal.count,
        ],
      })));
    }

    /* Server-sent events, read by hand: EventSource shows no token. */
    async function listen() {
      stream = new AbortController();
      const headers = { Authorization: "Bearer " + token };
      const answer = await fetch("/api/v1/events", { headers, signal: stream.signal });
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "", turns = 0;
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        text += value;
        const parts = text.split("\\n\\n");
        text = parts.pop();
        for (const part of parts) {
          if (!part.startsWith("data: ")) continue;
          showCounts(JSON.parse(part.slice(6)));
          if (++turns % 3 === 0 && !document.hidden) await showAll();
        }
      }
    }

    async function showAll() {
      if (one("#members").contains(document.activeElement)) return;
      await Promise.all([showMembers(), showTorrents(), showSignals()]);
    }

    async function logIn() {
      showCounts(await ask("GET", "stats"));
      sessionStorage.setItem("token", token);
      one("#login").hidden = true;
      one("#board").hidden = false;
      await showAll();
      const mine = token;
      while (token === mine && token) {
        try { await listen(); } catch { /* The tracker is out of reach: tried again. */ }
        await new Promise((resume) => setTimeout(resume, 2000));
      }
    }

    function logOut(reason) {
      token = "";
      sessionStorage.removeItem("token");
      if (stream) stream.abort();
      one("#login").hidden = false;
      one("#board").hidden = true;
      one("#login .problem").textContent = reason;
    }

    function onSubmit(form, action) {
      one(form).addEventListener("submit", (event) => {
        event.preventDefault();
        attempt(() => action(event.target));
      });
    }

    onSubmit("#login form", async (form) => {
      token = form.token.value.trim();
      form.reset();
      await logIn();
    });
    onSubmit("#search", showTorrents);
    onSubmit("#add-member", async (form) => {
      const fields = new URLSearchParams(new FormData(form));
      showAnnounce(await ask(
        "POST", "members", fields.toString(), "application/x-www-form-urlencoded"));
      form.reset();
      await showMembers();
    });
    onSubmit("#add-torrent", async (form) => {
      const fields = new URLSearchParams({ tag: form.tag.value });
      if (form.free.checked) fields.set("downloadPercent", "0");
      await ask(
        "POST", "torrents?" + fields, await form.file.files[0].arrayBuffer(),
        "application/x-bittorrent");
      form.reset();
      await showTorrents();
    });
    one("#logout").addEventListener("click", () => logOut(""));
    if (token) logIn().catch(() => {});

    """
}
