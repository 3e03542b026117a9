/// The page's style and script, in the binary so that the page needs nothing from elsewhere.
enum PageAssets {
  static let style = """
    :root { color-scheme: light dark; --ink: #1c2530; --faint: #5b6876; --line: #d9dee4;
      --card: #fff; --ground: #f2f5f8; --accent: #0b6e99; --on-accent: #fff; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e6ebf0; --faint: #98a5b3;
      --line: #2d3742; --card: #1a2129; --ground: #11161b; --accent: #5cc0ea;
      --on-accent: #06222f; } }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--ground); color: var(--ink);
      font: 16px/1.5 system-ui, sans-serif; }
    main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
    section { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
      padding: 1.25rem 1.5rem; margin-bottom: 1.25rem; }
    h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
    .facts, .hash, footer, dt { color: var(--faint); font-size: .9rem; }
    .facts { margin: 0 0 1rem; }
    .hash { font-family: ui-monospace, monospace; overflow-wrap: anywhere; margin: 1rem 0 0; }
    .actions { display: flex; flex-wrap: wrap; gap: .6rem; margin: 0 0 1rem; }
    .button { background: var(--accent); color: var(--on-accent); text-decoration: none;
      padding: .55rem 1rem; border-radius: 8px; font-weight: 600; }
    .button.quiet { background: none; color: var(--accent); border: 1px solid var(--accent); }
    .command { background: var(--ground); border: 1px solid var(--line); border-radius: 8px;
      padding: .7rem .9rem; overflow-x: auto; font-size: .85rem; margin: 0 0 1rem; }
    .counts { display: grid; grid-template-columns: repeat(auto-fit, minmax(7rem, 1fr));
      gap: .6rem; margin: 0 0 1rem; }
    .counts div { border-left: 3px solid var(--accent); padding-left: .7rem; }
    .counts dd { margin: 0; font-size: 1.25rem; font-weight: 600;
      font-variant-numeric: tabular-nums; }
    details ul { list-style: none; margin: .5rem 0 0; padding: 0; }
    details li { display: flex; justify-content: space-between; gap: 1rem; padding: .2rem 0;
      border-top: 1px solid var(--line); font-size: .9rem; overflow-wrap: anywhere; }
    details li span:last-child { color: var(--faint); white-space: nowrap; }
    summary { cursor: pointer; }
    footer { text-align: center; }

    """

  /// Asks for the live counts every two seconds while the page is looked at.
  static let script = """
    "use strict";
    async function refresh() {
      if (document.hidden) return;
      try {
        const status = await (await fetch("/status.json")).json();
        for (const section of document.querySelectorAll("section[data-info-hash]")) {
          const counts = status[section.dataset.infoHash];
          if (!counts) continue;
          const shown = { ...counts, uploaded: counts.uploadedText };
          for (const cell of section.querySelectorAll("[data-count]"))
            cell.textContent = shown[cell.dataset.count];
        }
      } catch { /* The share has ended or is out of reach: the last counts stay. */ }
    }
    setInterval(refresh, 2000);
    document.addEventListener("visibilitychange", refresh);

    """
}
