/// How the page looks: light, dark, on a phone and on paper. The colours of the series are those of Okabe and Ito, which colour-blind
/// readers tell apart; darkened a little on white and lightened on black, where the originals are hard to see.
enum PageStyle {
    static let text = """
        :root { color-scheme: light dark; \(light) }
        @media (prefers-color-scheme: dark) { :root { \(dark) } }
        @media print { :root { color-scheme: light; \(light) } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; padding: 1rem 1.25rem 4rem; max-width: 70rem; background: var(--surface); color: var(--text);
            font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
        h1 { font-size: 1.75rem; line-height: 1.2; margin: 1.5rem 0 0.5rem; }
        h2 { font-size: 1.3rem; margin: 3rem 0 0.75rem; padding-top: 0.75rem; border-top: 1px solid var(--grid); }
        h3 { font-size: 1.05rem; margin: 2rem 0 0.5rem; }
        p, li { max-width: 46rem; }
        a { color: var(--blue); }
        .machine, figcaption, summary { color: var(--muted); font-size: 0.9rem; }
        nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; padding: 0; list-style: none; }
        figure { margin: 2.5rem 0; }
        figure h3 { margin: 0 0 0.5rem; }
        figcaption { max-width: 46rem; margin: 0.5rem 0; }
        svg { display: block; width: 100%; height: auto; }
        svg.narrow { display: none; }
        svg text { font-family: system-ui, sans-serif; font-variant-numeric: tabular-nums; }
        summary { cursor: pointer; padding: 0.25rem 0; }
        .table { overflow-x: auto; margin: 0.5rem 0 1rem; }
        table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
        th, td { padding: 0.25rem 0.75rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--grid); font-weight: normal; }
        thead th { color: var(--muted); vertical-align: bottom; white-space: normal; }
        th:first-child { text-align: left; padding-left: 0; }
        .text { text-align: left; }
        .wrap td { white-space: normal; }
        .missing { border-left: 3px solid var(--orange); padding-left: 0.75rem; }
        @media screen and (max-width: 640px) { svg.wide { display: none; } svg.narrow { display: block; } }
        @media print { body { font-size: 10pt; padding: 0; } figure, tr { break-inside: avoid; } h2, h3 { break-after: avoid; }
            nav { display: none; } .table { overflow: visible; } th, td { padding: 0.1rem 0.3rem; white-space: normal; }
            table { font-size: 7.5pt; } }

        """

    private static let light = """
        --surface: #ffffff; --text: #1a1a1a; --muted: #5c5c5c; --grid: #e3e3e3; --orange: #d98c00; --sky: #3a9fdb; --green: #009e73; \
        --yellow: #a89a00; --blue: #0067a8; --vermilion: #d55e00; --purple: #b8578f;
        """

    private static let dark = """
        --surface: #16181b; --text: #ececec; --muted: #a6a9ad; --grid: #33373c; --orange: #ffb733; --sky: #8fd0f5; --green: #2fd3a3; \
        --yellow: #f4ea63; --blue: #4fa8e8; --vermilion: #ff8a3d; --purple: #e59ac6;
        """
}
