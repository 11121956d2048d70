/* What Snakemake's report lacks: addresses and Back, names for screen readers, a search that reads captions and claims, pictures at
   full size, PDFs beside their figures, inputs and packages of each rule. Run by the start page, which is always shown first.
   It extends the report's own components by their names in Snakemake 9.27. */
for (const image of document.querySelectorAll('.prose img[data-path]')) image.src = results[image.dataset.path].data_uri;
if (app.extended) return;
app.extended = true;
const TITLE = document.querySelector('.prose h1').textContent;
const page = JSON.parse(this.dataset.page);
const main = () => document.querySelector('#app > div > nav + div');
const text = html => new DOMParser().parseFromString(html || '', 'text/html').body.textContent.replace(/\s+/g, ' ').trim();

/* Results: pages as blobs, since Chromium shows no data: URI of more than 2 MB in a frame; each PDF goes with its picture. */
for (const [path, result] of Object.entries(results)) {
  if (result.mime_type === 'text/html' && result.data_uri.startsWith('data:')) {
    const bytes = Uint8Array.from(atob(result.data_uri.split(',')[1]), letter => letter.charCodeAt(0));
    result.data_uri = window.URL.createObjectURL(new Blob([bytes], {type: 'text/html;charset=utf-8'}));
  }
  const picture = results[path.replace(/\.pdf$/, '.png')];
  if (picture !== result) {
    picture.pdf = result;
    delete results[path];
  }
}
for (const [category, parts] of Object.entries(categories)) {
  for (const part in parts) if (!(parts[part] = parts[part].filter(path => path in results)).length) delete parts[part];
  if (!Object.keys(parts).length) delete categories[category];
}
for (const [name, rule] of Object.entries(rules)) {
  const {input, software} = page[name] || {input: [], software: []};
  const output = rule.output.map(path => path.replace(/\{(\w+),[^{}]*\}/g, '{$1}'));
  const conda_env = software.length ? {dependencies: software} : null;
  Object.assign(rule, {input, output, conda_env, container_img_url: rule.container_img_url ?? undefined});
}
rulegraph_spec.config = {text: {fontSize: 14}};
rulegraph_spec.description = 'The rules of the workflow; an arrow means "is read by"';
for (const chart of [runtimes_spec, timeline_spec]) chart.config = {axis: {labelFontSize: 12, titleFontSize: 14}};

/* A result is addressed by its file's name, without the suffix if the report can show it. */
const isShown = path => ['image/png', 'text/html'].includes(results[path].mime_type);
const addressOf = path => path.split('/').pop().replace(isShown(path) ? /\.\w+$/ : /^$/, '');
const paths = Object.fromEntries(Object.keys(results).map(path => [addressOf(path), path]));
const shownIn = state => ['img', 'html'].includes(state.content) && Object.keys(results).find(path => results[path].data_uri === state.contentPath);
const labelOf = path => Object.entries(results[path].labels || {}).map(([name, label]) => name === 'm' ? `m = ${label.trim()}` : label).join(', ') || addressOf(path);
function altOf(path) {
  const caption = text(results[path].caption), label = labelOf(path), sentence = (caption.match(/^.{40,}?[.:](?= |$)/) || [caption])[0];
  return sentence.startsWith(label) ? sentence : `${label}: ${sentence}`;
}

/* The ledger has its place on the start page, where it prints and is linked with the figures. */
const CLEAR = Object.fromEntries(['category', 'subcategory', 'resultPath', 'contentPath', 'ruleinfo', 'searchTerm'].map(name => [name, undefined]));
const ledger = () => document.querySelector('.ledger');
function viewOf(address) {
  const path = paths[address];
  if (address === 'statistics') return {...CLEAR, navbarMode: 'menu', content: 'stats'};
  if (!path) return {...CLEAR, navbarMode: 'menu', content: 'rulegraph'};
  const [category, parts] = Object.entries(categories).find(([, parts]) => Object.values(parts).some(list => list.includes(path)));
  const view = {...CLEAR, navbarMode: 'resultinfo', category, subcategory: Object.keys(parts).find(part => parts[part].includes(path)), resultPath: path};
  if (address === 'claims') return {...view, content: 'rulegraph'};
  return isShown(path) ? {...view, content: results[path].mime_type === 'text/html' ? 'html' : 'img', contentPath: results[path].data_uri} : {...view, content: 'rulegraph'};
}
function kept(state) {
  const {navbarMode, category, subcategory, resultPath, ruleinfo, searchTerm, content, contentText} = state;
  return {navbarMode, category, subcategory, resultPath, ruleinfo, searchTerm, content, contentText, shown: shownIn(state) || null};
}
function addressNow() {
  const {content, navbarMode, resultPath} = app.state, shown = shownIn(app.state);
  if (shown) return addressOf(shown);
  if (content === 'stats') return 'statistics';
  return content === 'rulegraph' && navbarMode === 'resultinfo' && resultPath === paths.claims ? 'claims' : '';
}
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const scrolled = {};
function arrive(address) {
  const claim = address.startsWith('claim-') && document.getElementById(address);
  for (let part = claim && claim.querySelector('details'); part; part = part.parentElement.closest('details')) part.open = true;
  const place = claim || (address === 'claims' && ledger());
  const name = {claims: 'Claims', statistics: 'Statistics'}[address] || (paths[address] ? labelOf(paths[address]) : '');
  document.title = name ? `${name} · ${TITLE}` : TITLE;
  main().scrollTop = scrolled[address] || 0;
  window.scrollTo(0, scrolled[address] || 0);
  if (place) place.scrollIntoView();
  (claim || main()).focus({preventScroll: true});
}
let going = null;
function go(address) {
  going = address;
  app.setState(viewOf(address));
}
App.prototype.componentDidUpdate = function (_, before) {
  const {content, contentPath} = app.state, view = kept(app.state);
  if (content === 'metadata') return app.setState({...CLEAR, content: 'rulegraph'});
  if (view.shown && view.shown === paths.claims) return app.setState(viewOf('claims'));
  dress();
  if (going !== null) {
    const address = going;
    going = null;
    history.replaceState(view, '', `#${address}`);
    arrive(address);
  } else if (!same(view, history.state)) {
    history.pushState(view, '', `#${addressNow()}`);
    if (content !== before.content || contentPath !== before.contentPath) arrive(addressNow());
  }
};
window.addEventListener('popstate', event => {
  const address = decodeURIComponent(location.hash.slice(1));
  if (!event.state) return go(address);
  const {shown, ...view} = event.state;
  app.setState({...view, contentPath: shown ? results[shown].data_uri : undefined}, () => arrive(address));
});
document.addEventListener('scroll', event => {
  if ([main(), document].includes(event.target)) scrolled[location.hash.slice(1)] = main().scrollTop || window.scrollY;
}, true);
document.addEventListener('click', event => {
  if (event.target.closest('a[href="#"]')) event.preventDefault();
});

/* Pictures have their caption's first sentence, and full size at a tap or Enter. */
const renderContent = ContentDisplay.prototype.renderContent;
ContentDisplay.prototype.renderContent = function () {
  const element = renderContent.call(this), path = shownIn(this.props.app.state);
  if (!path) return React.cloneElement(element, {key: 'extended'});
  if (element.type === 'iframe') return React.cloneElement(element, {title: labelOf(path)});
  const turn = event => event.currentTarget.setAttribute('aria-expanded', event.currentTarget.getAttribute('aria-expanded') !== 'true');
  return e('button', {key: path, className: 'picture', type: 'button', title: 'full size, and back', 'aria-expanded': false, onClick: turn},
    e('img', {src: results[path].data_uri, alt: altOf(path)}));
};
document.addEventListener('keydown', event => {
  const full = event.key === 'Escape' && document.querySelector('.picture[aria-expanded=true]');
  if (full) full.setAttribute('aria-expanded', false);
});
ResultInfo.prototype.getSize = function () {
  const result = this.getResult(), files = [result, ...(result.pdf ? [result.pdf] : [])];
  const link = file => e('a', {href: file.data_uri, download: file.filename, className: 'underline'}, file.filename);
  return [e(ListHeading, {key: 'keep', text: 'Download'}), ...files.map(file => e(ListItem, {key: file.filename}, link(file), ` (${file.size})`))];
};

const getParameters = ResultInfo.prototype.getParamsAndWildcards;
ResultInfo.prototype.getParamsAndWildcards = function () {
  const [heading, ...items] = getParameters.call(this);
  return heading ? [e('li', {key: 'parameters', className: 'p-1'}, e('details', {}, e('summary', {className: 'uppercase font-bold'}, heading.props.text), e('ul', {}, items)))] : [];
};

/* Links that are an icon get a name. */
const ICONS = {home: 'start page', x: 'hide the menu', menu: 'show the menu', eye: 'show', 'information-circle': 'caption and origin'};
const renderIcon = Icon.prototype.render;
Icon.prototype.render = function () {
  return React.cloneElement(renderIcon.call(this), {'aria-hidden': true, 'data-icon': this.props.iconName});
};
function dress() {
  for (const link of document.querySelectorAll('#app a')) {
    const icon = link.querySelector('[data-icon]'), row = link.closest('tbody tr');
    if (icon && !link.textContent.trim()) link.ariaLabel = link.title = [ICONS[icon.dataset.icon], row && row.cells[0].textContent.trim()].filter(Boolean).join(': ');
  }
  document.querySelector('#app > div').dataset.mode = app.state.navbarMode;
  document.querySelector('#app nav h1 img').alt = '';
  main().setAttribute('role', 'main');
  main().tabIndex = -1;
}

/* Search: in any case of letters, in names, captions and the ledger. */
const renderNavbar = Navbar.prototype.renderContent;
Navbar.prototype.renderContent = function () {
  const {navbarMode, category, subcategory, searchTerm} = this.props.app.state;
  return React.cloneElement(renderNavbar.call(this), {key: [navbarMode, category, subcategory, searchTerm].join()});
};
const claims = [...new DOMParser().parseFromString(workflow_desc, 'text/html').querySelectorAll('.ledger')].map(table => table.textContent).join(' ');
SearchResults.prototype.getResults = function () {
  const term = this.props.searchTerm, expression = term.startsWith('re:') && new RegExp(term.slice(3), 'i');
  const found = part => expression ? expression.test(part) : part.toLowerCase().includes(term.toLowerCase());
  return Object.entries(results)
    .filter(([path, result]) => found([path, labelOf(path), text(result.caption), path === paths.claims ? claims : ''].join(' ')))
    .map(([path, result]) => [path, {...result, labels: {found: labelOf(path)}}]);
};

go(decodeURIComponent(location.hash.slice(1)));
