import { completePopup } from 'latchkey/browser'

try {
  await completePopup()
} catch {
  document.body.textContent = 'This sign-in cannot be finished. You may close this window.'
}
