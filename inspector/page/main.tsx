import { render } from 'preact'
import { App } from './app.js'
import { feed } from './feed.js'
import { Store } from './store.js'
import { applyTheme } from './theme.js'

const store = new Store()
applyTheme()
const root = document.getElementById('app')
if (root !== null) render(<App store={store} />, root)
feed(store)
